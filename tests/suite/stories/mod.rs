//! User stories: the program as an operator meets it, on real roots.

mod bad_input;
mod operator_applies;
mod operator_reviews_plan;
mod operator_scans;
mod watch;
