//! x
mod calls;
mod campaign;
mod errnos;
mod kills;
mod tracer;
mod world;
