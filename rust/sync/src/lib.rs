//! Two linked peers to the same documents and receipts.
//!
//! Version 0 is Bramble's: [`bsp`], for peers that speak nothing else. Version 1 is ours: a [`session::Session`]
//! compares what both have ([`comparison`]) and sends what is missing. `docs/protocol/sync.md` is the specification.

pub mod bsp;
pub mod bundle;
mod catalogue;
pub mod comparison;
pub mod session;
mod shelf;

pub use catalogue::{BUCKET_SHIFT, Bucket, Catalogue, CatalogueError, Entry, Set};
pub use shelf::{Shelf, Shelved};
