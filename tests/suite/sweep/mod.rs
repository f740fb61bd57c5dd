//! x
mod calls;
mod campaign;
mod kills;
mod tracer;
mod world;
