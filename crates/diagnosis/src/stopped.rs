//! How a container ends that was stopped or killed from outside.

/// The exit codes of SIGKILL and SIGTERM.
const SIGNALS: [i32; 2] = [137, 143];

/// Whether this is how a container ends by a signal to kill or to end.
pub(crate) fn by_signal(exit_code: i32) -> bool {
    SIGNALS.contains(&exit_code)
}

/// Whether a container that ended with this code may have been stopped from outside, as by the kubelet for a probe;
/// also where nobody knows the code. Many end well when they are told to.
pub(crate) fn may_be(exit_code: Option<i32>) -> bool {
    exit_code.is_none_or(|it| it == 0 || by_signal(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_by_itself_with_an_error_was_not_stopped() {
        assert!([None, Some(0), Some(137), Some(143)].into_iter().all(may_be));
        assert!(![Some(1), Some(2), Some(139)].into_iter().any(may_be));
    }
}
