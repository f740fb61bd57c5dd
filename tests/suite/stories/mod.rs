//! User stories: the program as an operator meets it, on real roots.

mod operator_applies;
