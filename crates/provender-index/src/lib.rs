//! The index inside the network: the simple API, pulling through, stocking, exporting and checking.
