//! Benchmarks, each beside the floor it is compared with.
fn main() {}
