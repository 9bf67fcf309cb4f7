//! Real handshakes over loopback: who gets through, who does not, and what the refused one is told.

#![allow(clippy::unwrap_used, missing_docs)]

mod authority;

use authority::{Authority, Material};
use gleaner_cluster::{ChannelFailure, ChannelOptions, ServerTls, TlsFiles, endpoint, incoming, reach, server};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A health service on a free port of loopback; it ends with the test.
struct Running {
    port: u16,
    _stop: oneshot::Sender<()>,
}

async fn start(tls: Option<&ServerTls>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (stop, stopped) = oneshot::channel::<()>();
    let (_reporter, health) = tonic_health::server::health_reporter();
    let router = server(tls, &ChannelOptions::default()).unwrap().add_service(health);
    tokio::spawn(router.serve_with_incoming_shutdown(incoming(listener), async {
        let _stopped_or_dropped = stopped.await;
    }));
    Running { port, _stop: stop }
}

/// Connects with these files and makes one call, as the program does.
async fn call(url: &str, files: &TlsFiles) -> Result<(), ChannelFailure> {
    let tls = files.client().unwrap();
    let endpoint = endpoint(url, tls.as_ref(), &ChannelOptions::default()).unwrap();
    reach(url, &endpoint).await?;
    Ok(())
}

fn trusting(authority: &Material) -> TlsFiles {
    TlsFiles { ca: Some(authority.certificate.clone()), ..TlsFiles::default() }
}

fn showing(identity: &Material, authority: &Material) -> TlsFiles {
    TlsFiles { certificate: Some(identity.certificate.clone()), key: Some(identity.key.clone()), ..trusting(authority) }
}

fn server_of(identity: &Material, client_ca: Option<&Material>) -> ServerTls {
    let files = TlsFiles {
        certificate: Some(identity.certificate.clone()),
        key: Some(identity.key.clone()),
        ca: client_ca.map(|ca| ca.certificate.clone()),
        domain: None,
    };
    files.server().unwrap().expect("an identity was given")
}

#[tokio::test]
async fn plain_text_over_loopback_works() {
    let running = start(None).await;
    assert_eq!(call(&format!("http://127.0.0.1:{}", running.port), &TlsFiles::default()).await, Ok(()));
}

#[tokio::test]
async fn tls_works_and_the_name_is_checked() {
    let authority = Authority::new();
    let identity = authority.sign("scheduler", &["localhost", "scheduler.example"]);
    let running = start(Some(&server_of(&identity, None))).await;

    let by_name = format!("https://localhost:{}", running.port);
    assert_eq!(call(&by_name, &trusting(authority.material())).await, Ok(()));

    let by_address = format!("https://127.0.0.1:{}", running.port);
    let failure = call(&by_address, &trusting(authority.material())).await.unwrap_err();
    assert!(matches!(failure, ChannelFailure::ServerNotTrusted { .. }), "{failure}");

    let told = TlsFiles { domain: Some("scheduler.example".to_owned()), ..trusting(authority.material()) };
    assert_eq!(call(&by_address, &told).await, Ok(()));
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_trusted() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let running = start(Some(&server_of(&theirs.sign("scheduler", &["localhost"]), None))).await;
    let url = format!("https://localhost:{}", running.port);
    for files in [trusting(ours.material()), TlsFiles { domain: Some("localhost".to_owned()), ..TlsFiles::default() }] {
        let failure = call(&url, &files).await.unwrap_err();
        let ChannelFailure::ServerNotTrusted { reason, .. } = &failure else { panic!("{failure}") };
        assert!(reason.contains("authority"), "{reason}");
    }
}

#[tokio::test]
async fn mutual_tls_lets_only_its_own_clients_in() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let identity = ours.sign("scheduler", &["localhost"]);
    let running = start(Some(&server_of(&identity, Some(ours.material())))).await;
    let url = format!("https://localhost:{}", running.port);

    let worker = ours.sign("worker", &["worker-1"]);
    assert_eq!(call(&url, &showing(&worker, ours.material())).await, Ok(()));

    let failure = call(&url, &trusting(ours.material())).await.unwrap_err();
    assert_eq!(failure, ChannelFailure::CertificateRequired { url: url.clone() });

    let stranger = theirs.sign("worker", &["worker-1"]);
    let failure = call(&url, &showing(&stranger, ours.material())).await.unwrap_err();
    assert!(matches!(failure, ChannelFailure::CertificateRefused { .. }), "{failure}");
}

#[tokio::test]
async fn plain_text_against_tls_says_so() {
    let authority = Authority::new();
    let running = start(Some(&server_of(&authority.sign("scheduler", &["localhost"]), None))).await;
    let url = format!("http://localhost:{}", running.port);
    let failure = call(&url, &TlsFiles::default()).await.unwrap_err();
    assert_eq!(failure, ChannelFailure::PlainNotAnswered { url });
}

#[tokio::test]
async fn tls_against_plain_text_says_so() {
    let running = start(None).await;
    let url = format!("https://localhost:{}", running.port);
    let failure = call(&url, &trusting(Authority::new().material())).await.unwrap_err();
    assert_eq!(failure, ChannelFailure::ServerIsPlain { url });
}

#[tokio::test]
async fn nobody_listening_says_so() {
    // Bound and never accepted from, then closed: the port was free a moment ago and nobody is there.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(call(&url, &TlsFiles::default()).await.unwrap_err(), ChannelFailure::Refused { url });
}
