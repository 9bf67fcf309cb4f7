//! The way to a scheduler, in this process or another: always gRPC over a socket.

use std::path::{Path, PathBuf};

use clap::Args;
use gleaner_cluster::{ChannelOptions, TlsFiles};
use gleaner_model::Lane;
use gleaner_proto::{trace, v1};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::exit::{Exit, Failure};

/// Largest answer: a page of ten thousand versions with all their files.
const ANSWER_BYTES: usize = 64 << 20;

/// Largest answer with rows of a store: a megabyte of them, or one value that is longer, and no value is longer than what
/// a worker may send of one package.
const ROWS_BYTES: usize = 1 << 30;

/// Which scheduler, and as whom.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RemoteArgs {
    /// The scheduler's address, such as http://127.0.0.1:7077; without it this process runs one itself.
    #[arg(long, env = "GLEANER_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// A file with the client's token, readable by its owner only; `-` reads it from stdin.
    #[arg(long, env = "GLEANER_TOKEN_FILE", value_name = "PATH")]
    pub(crate) token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

/// TLS material, all PEM. With a certificate a server speaks TLS; with a CA it demands its clients' certificates.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct TlsArgs {
    /// The certificate chain to show.
    #[arg(long, env = "GLEANER_TLS_CERT", value_name = "PATH")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Its private key, readable by its owner only.
    #[arg(long, env = "GLEANER_TLS_KEY", value_name = "PATH")]
    pub(crate) tls_key: Option<PathBuf>,
    /// The authority that must have signed the other side's certificate.
    #[arg(long, env = "GLEANER_TLS_CA", value_name = "PATH")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// The name in the server's certificate, if it is not the address's host.
    #[arg(long, env = "GLEANER_TLS_DOMAIN", value_name = "NAME")]
    pub(crate) tls_domain: Option<String>,
}

impl TlsArgs {
    /// The same, for the channels.
    pub(crate) fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.tls_cert.clone(),
            key: self.tls_key.clone(),
            ca: self.tls_ca.clone(),
            domain: self.tls_domain.clone(),
        }
    }
}

/// A connection that shows who is calling and which trace the call belongs to.
pub(crate) type Caller = InterceptedService<Channel, Credentials>;

/// What every call carries.
#[derive(Clone)]
pub(crate) struct Credentials {
    token: Option<MetadataValue<Ascii>>,
    /// The lane that is asked for, if it is not the client's own.
    lane: Option<Lane>,
}

impl tonic::service::Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.clone());
        }
        if let Some(lane) = self.lane {
            request.metadata_mut().insert("gleaner-lane", MetadataValue::from_static(lane.as_str()));
        }
        trace::inject(request.metadata_mut());
        Ok(request)
    }
}

/// A scheduler that answered.
#[derive(Clone)]
pub(crate) struct Remote {
    caller: Caller,
    channel: Channel,
    credentials: Credentials,
}

impl Remote {
    /// Connects to the scheduler at `url`.
    pub(crate) async fn connect(url: &str, args: &RemoteArgs) -> Result<Self, Failure> {
        let channel = gleaner_cluster::reach(url, &endpoint(url, &args.tls)?).await?;
        let token = args.token_file.as_deref().map(read_token).transpose()?;
        let credentials = Credentials { token, lane: None };
        let caller = InterceptedService::new(channel.clone(), credentials.clone());
        Ok(Self { caller, channel, credentials })
    }

    /// The same, asking for what it asks for in this lane.
    pub(crate) fn in_lane(self, lane: Option<Lane>) -> Self {
        let credentials = Credentials { lane, ..self.credentials };
        let caller = InterceptedService::new(self.channel.clone(), credentials.clone());
        Self { caller, channel: self.channel, credentials }
    }

    pub(crate) fn jobs(&self) -> v1::job_service_client::JobServiceClient<Caller> {
        v1::job_service_client::JobServiceClient::new(self.caller.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn batches(&self) -> v1::batch_service_client::BatchServiceClient<Caller> {
        v1::batch_service_client::BatchServiceClient::new(self.caller.clone())
    }

    pub(crate) fn schedules(&self) -> v1::schedule_service_client::ScheduleServiceClient<Caller> {
        v1::schedule_service_client::ScheduleServiceClient::new(self.caller.clone())
            .max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn campaigns(&self) -> v1::campaign_service_client::CampaignServiceClient<Caller> {
        v1::campaign_service_client::CampaignServiceClient::new(self.caller.clone())
    }

    pub(crate) fn catalog(&self) -> v1::catalog_service_client::CatalogServiceClient<Caller> {
        v1::catalog_service_client::CatalogServiceClient::new(self.caller.clone())
            .max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn resolutions(&self) -> v1::resolution_service_client::ResolutionServiceClient<Caller> {
        v1::resolution_service_client::ResolutionServiceClient::new(self.caller.clone())
            .max_decoding_message_size(ANSWER_BYTES)
    }

    pub(crate) fn operator(&self) -> v1::operator_service_client::OperatorServiceClient<Caller> {
        v1::operator_service_client::OperatorServiceClient::new(self.caller.clone())
    }

    pub(crate) fn store(&self) -> v1::store_service_client::StoreServiceClient<Caller> {
        v1::store_service_client::StoreServiceClient::new(self.caller.clone()).max_decoding_message_size(ROWS_BYTES)
    }
}

/// The endpoint of a scheduler, not connected yet.
pub(crate) fn endpoint(url: &str, tls: &TlsArgs) -> Result<Endpoint, Failure> {
    let mut files = tls.files();
    // Given for the other side of this process, perhaps; an `http` address has no use for them.
    if url.starts_with("http://") {
        files = TlsFiles::default();
    }
    Ok(gleaner_cluster::endpoint(url, files.client()?.as_ref(), &ChannelOptions::default())?)
}

fn read_token(path: &Path) -> Result<MetadataValue<Ascii>, Failure> {
    let credentials = |message: String| Failure { exit: Exit::Credentials, message };
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        check_private(path).map_err(credentials)?;
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| credentials(format!("the token file {}: {error}", path.display())))?;
    format!("Bearer {}", text.trim())
        .parse()
        .map_err(|_| credentials(format!("the token file {} holds no token", path.display())))
}

/// A secret that others can read is none.
#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let mode = std::fs::metadata(path).map_err(|error| format!("the token file {}: {error}", path.display()))?.mode();
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(format!("the token file {} can be read by others; do: chmod 600 {0}", path.display()))
    }
}

#[cfg(not(unix))]
fn check_private(_: &Path) -> Result<(), String> {
    Ok(())
}
