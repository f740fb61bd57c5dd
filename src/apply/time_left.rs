//! Whether a batch may begin: what begins in a window ends in it, and so does the way back where it would be needed.

use std::time::Duration;

/// What is left of a window, against what the steps of a plan may take. Times are those since boot, which nobody can set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeLeft {
    /// When the window closes; absent where none does.
    pub closes: Option<Duration>,
    /// How long each step may take, forward as back.
    pub steps: Vec<Duration>,
    /// How long what follows the last step may take: the trial, and a reboot.
    pub after: Duration,
}

impl TimeLeft {
    /// Tells why a step, counted from 0, must not begin now. Where the steps before it could not be taken back in time either,
    /// going on is no later than going back: then nothing is said against it.
    pub fn refuses(&self, step: usize, now: Duration) -> Option<String> {
        let left = self.closes?.saturating_sub(now);
        let (begun, ahead) = self.steps.split_at_checked(step)?;
        let back: Duration = self.steps.iter().sum();
        let needed = ahead.iter().sum::<Duration>() + self.after + back;
        if needed <= left || begun.iter().sum::<Duration>() > left {
            return None;
        }
        let (left, needed) = (minutes(left), minutes(needed));
        Some(format!("the window closes in {left} min, and what is left to do may need {needed} min"))
    }
}

fn minutes(span: Duration) -> u64 {
    span.as_secs().div_ceil(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_begins_only_where_everything_after_it_fits_and_the_way_back_too() {
        let seconds = Duration::from_secs;
        let steps = vec![seconds(60), seconds(60), seconds(60)];
        let left = TimeLeft { closes: Some(seconds(1_000)), steps, after: seconds(100) };
        // 180 forward, 100 after, 180 back.
        assert_eq!(left.refuses(0, seconds(540)), None);
        assert!(left.refuses(0, seconds(541)).is_some_and(|why| why.contains("closes in 8 min")));
        assert_eq!(left.refuses(1, seconds(600)), None);
        assert!(left.refuses(1, seconds(601)).is_some());
        assert!(left.refuses(2, seconds(880)).is_some(), "two steps can be taken back in 120 s");
        assert_eq!(left.refuses(2, seconds(881)), None, "they cannot: forward is no later");
        assert_eq!(TimeLeft::default().refuses(7, seconds(0)), None);
    }
}
