//! The store: files as blobs addressed by their SHA-256, and a database of what they are.
