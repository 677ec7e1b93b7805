//! Two linked peers to the same documents and receipts.
//!
//! Version 0 is Bramble's: [`bsp`], for peers that speak nothing else. `docs/protocol/sync.md` is the specification.

pub mod bsp;
mod catalogue;
pub mod comparison;

pub use catalogue::{BUCKET_SHIFT, Bucket, Catalogue, CatalogueError, Entry, Set};
