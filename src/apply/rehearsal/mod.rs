//! The parts of a rehearsal: what the clone is made of, what is tried in it, what the plan changed there, and how its litter
//! goes. The plan itself is carried out by the engine that every run has ([`super::engine`]).

pub mod boots;
pub mod changes;
pub mod ground;
pub mod litter;
pub mod smoke;
