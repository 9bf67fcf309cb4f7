//! Compiles the protocol definitions with a compiler written in Rust, so that nobody needs protoc.

#![allow(clippy::disallowed_methods, reason = "cargo tells a build script its folder that way")]

use std::path::PathBuf;

use prost::Message as _;

const FILES: [&str; 11] = [
    "gleaner/v1/common.proto",
    "gleaner/v1/package.proto",
    "gleaner/v1/resolution.proto",
    "gleaner/v1/job_service.proto",
    "gleaner/v1/resolution_service.proto",
    "gleaner/v1/worker_service.proto",
    "gleaner/v1/catalog_service.proto",
    "gleaner/v1/operator_service.proto",
    "gleaner/v1/store_service.proto",
    "gleaner/v1/order_service.proto",
    "gleaner/v1/batch_service.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=gleaner");
    let descriptors = protox::compile(FILES, ["."])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("gleaner.v1.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .bytes(".gleaner.v1.DocumentPiece.data")
        .bytes(".gleaner.v1.ReadPackResponse.data")
        .compile_fds(descriptors)?;
    Ok(())
}
