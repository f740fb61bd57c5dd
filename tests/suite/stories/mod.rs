//! User stories: the program as an operator meets it, on real roots.

mod auditor_reads_report;
mod bad_input;
mod caller_is_careless;
mod disk_is_full;
mod host_is_unclean;
mod host_stays_well;
mod lists_grow_old;
mod operator_applies;
mod operator_is_held_back;
mod operator_reviews_plan;
mod operator_rolls_back;
mod operator_scans;
mod operator_scans_other_families;
mod policy_decides;
mod power_fails;
mod real_updates;
mod records;
mod records_age;
mod root_goes_back;
mod schedule_runs;
mod signals_arrive;
mod state_is_corrupt;
mod two_runs_meet;
mod update_fails;
mod watch;
mod world_drifted;
