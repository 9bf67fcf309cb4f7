//! The gRPC server: all services behind one listener.

use std::sync::Arc;

use gleaner_cluster::{ChannelOptions, ServerTls, TlsError};
use gleaner_proto::v1;
use tokio::net::TcpListener;

use crate::services::{
    Batches, Campaigns, Catalog, Jobs, Operator, Resolutions, Schedules, Shared, StoreKeeper, Workers,
};

/// Largest message from a worker. An outcome holds a whole package without its documents; the largest real ones are a
/// few megabytes, and a registry's page is capped at some hundred.
const OUTCOME_BYTES: usize = 64 << 20;

/// Why the listener ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The transport failed.
    #[error("the gRPC listener failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// TLS is configured wrongly.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The protocol's own description cannot be read.
    #[error("gRPC reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves until `shutdown`.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    listener: TcpListener,
    tls: Option<ServerTls>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<v1::job_service_server::JobServiceServer<Jobs>>().await;
    health.set_serving::<v1::worker_service_server::WorkerServiceServer<Workers>>().await;
    health.set_serving::<v1::catalog_service_server::CatalogServiceServer<Catalog>>().await;
    health.set_serving::<v1::resolution_service_server::ResolutionServiceServer<Resolutions>>().await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(v1::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let mut server = gleaner_cluster::server(tls.as_ref(), &ChannelOptions::default())?;
    let workers = v1::worker_service_server::WorkerServiceServer::new(Workers(Arc::clone(&shared)))
        .max_decoding_message_size(OUTCOME_BYTES);
    server
        .add_service(health_service)
        .add_service(reflection)
        .add_service(workers)
        .add_service(v1::job_service_server::JobServiceServer::new(Jobs(Arc::clone(&shared))))
        .add_service(v1::batch_service_server::BatchServiceServer::new(Batches(Arc::clone(&shared))))
        .add_service(v1::schedule_service_server::ScheduleServiceServer::new(Schedules(Arc::clone(&shared))))
        .add_service(v1::campaign_service_server::CampaignServiceServer::new(Campaigns(Arc::clone(&shared))))
        .add_service(v1::catalog_service_server::CatalogServiceServer::new(Catalog::new(Arc::clone(&shared))))
        .add_service(v1::resolution_service_server::ResolutionServiceServer::new(Resolutions(Arc::clone(&shared))))
        .add_service(v1::store_service_server::StoreServiceServer::new(StoreKeeper(Arc::clone(&shared))))
        .add_service(v1::operator_service_server::OperatorServiceServer::new(Operator(shared)))
        .serve_with_incoming_shutdown(gleaner_cluster::incoming(listener), shutdown)
        .await?;
    Ok(())
}
