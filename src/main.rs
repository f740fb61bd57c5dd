//! patchctl
fn main() {}
