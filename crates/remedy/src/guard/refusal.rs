//! Why the guard did not let a plan through, for machines and for people.

use jiff::Timestamp;

/// Why the guard did not let a plan through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Mode is `observe`.
    Observing,
    /// The plan is only to be read.
    AdviceOnly,
    /// The policy switched this strategy off.
    SwitchedOff(&'static str),
    /// The facts are too old, or from the future.
    StaleEvidence {
        /// Their age; negative when they are from the future.
        age_secs: i64,
        /// The age they may have.
        ttl_secs: i64,
    },
    /// Nothing is ever written in this namespace.
    NamespaceDenied(String),
    /// The workload asked to be left alone.
    OptedOut,
    /// The workload is paused or suspended on purpose.
    Paused,
    /// The target was not read whole: its uid or resourceVersion is missing.
    Unidentified(String),
    /// The target is neither the incident's own workload nor one of its pods, as they were read.
    ForeignTarget(String),
    /// A step does what its strategy may not do.
    OutOfScope {
        /// The field or the action.
        what: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The value lies above a cap of the policy.
    OverCap {
        /// The value.
        wanted: String,
        /// The cap.
        cap: String,
    },
    /// There is no room for it in the namespace or on a node, or nobody knows.
    NoRoom {
        /// The value.
        wanted: String,
        /// The bound that it breaks.
        bound: &'static str,
    },
    /// Somebody else writes this field.
    OwnedElsewhere {
        /// Who.
        owner: String,
        /// Which field of ours is his.
        field: String,
    },
    /// Another fix of this workload is under way.
    InFlight,
    /// This very strategy did not help this very spec.
    FailedBefore(String),
    /// A cap of the policy is reached.
    TooOften {
        /// The cap, by its name in the policy.
        cap: &'static str,
        /// When it will hold again, in seconds.
        retry_secs: i64,
    },
    /// A former fix of this workload could not be taken back.
    Stranded,
    /// Fixes of this workload failed too often.
    WorkloadLocked {
        /// Until when.
        until: Timestamp,
    },
    /// So much of the cluster is sick that it is likelier the cluster, or our view of it.
    Storm {
        /// Workloads that are not healthy.
        unhealthy: usize,
        /// All workloads; 0 when they could not be counted.
        workloads: usize,
    },
    /// Automation was wrong too often of late.
    BudgetExhausted {
        /// Troubles that stayed unhealed.
        not_better: usize,
        /// Of so many.
        of: usize,
        /// Writes that made something worse.
        worse: usize,
    },
    /// Somebody accepted the trouble for a time.
    Accepted {
        /// Who.
        by: String,
        /// Until when.
        until: Timestamp,
    },
    /// The operator gave no policy.
    PolicyMissing,
    /// Callers of the API are not authenticated.
    NotAuthenticated,
    /// The namespace does not carry the enrolment label.
    NamespaceNotEnrolled(String),
    /// It needs a person's yes.
    NeedsApproval(String),
    /// Somebody else has just changed what would be written, and may be at it.
    JustChanged {
        /// Who: a field manager, or `somebody`.
        by: String,
        /// What.
        what: String,
        /// How long ago, in seconds.
        secs: i64,
        /// When he has had his time, in seconds.
        retry_secs: i64,
    },
}

impl Refusal {
    /// Stable, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Observing => "observing",
            Self::AdviceOnly => "advice_only",
            Self::SwitchedOff(_) => "strategy_switched_off",
            Self::StaleEvidence { .. } => "stale_evidence",
            Self::NamespaceDenied(_) => "namespace_denied",
            Self::OptedOut => "opted_out",
            Self::Paused => "paused",
            Self::Unidentified(_) => "target_unidentified",
            Self::ForeignTarget(_) => "foreign_target",
            Self::OutOfScope { .. } => "out_of_scope",
            Self::OverCap { .. } => "over_cap",
            Self::NoRoom { .. } => "no_room",
            Self::OwnedElsewhere { .. } => "owned_elsewhere",
            Self::InFlight => "fix_in_flight",
            Self::FailedBefore(_) => "failed_before",
            Self::TooOften { .. } => "too_often",
            Self::Stranded => "stranded",
            Self::WorkloadLocked { .. } => "workload_locked",
            Self::Storm { .. } => "storm",
            Self::BudgetExhausted { .. } => "error_budget_exhausted",
            Self::Accepted { .. } => "accepted",
            Self::PolicyMissing => "policy_missing",
            Self::NotAuthenticated => "not_authenticated",
            Self::NamespaceNotEnrolled(_) => "namespace_not_enrolled",
            Self::NeedsApproval(_) => "needs_approval",
            Self::JustChanged { .. } => "just_changed",
        }
    }

    /// Whether a person's yes to this very plan answers the refusal.
    pub fn needs_person(&self) -> bool {
        match self {
            Self::Stranded
            | Self::WorkloadLocked { .. }
            | Self::Storm { .. }
            | Self::BudgetExhausted { .. }
            | Self::Accepted { .. }
            | Self::PolicyMissing
            | Self::NotAuthenticated
            | Self::NamespaceNotEnrolled(_)
            | Self::NeedsApproval(_)
            | Self::JustChanged { .. } => true,
            Self::Observing
            | Self::AdviceOnly
            | Self::SwitchedOff(_)
            | Self::StaleEvidence { .. }
            | Self::NamespaceDenied(_)
            | Self::OptedOut
            | Self::Paused
            | Self::Unidentified(_)
            | Self::ForeignTarget(_)
            | Self::OutOfScope { .. }
            | Self::OverCap { .. }
            | Self::NoRoom { .. }
            | Self::OwnedElsewhere { .. }
            | Self::InFlight
            | Self::FailedBefore(_)
            | Self::TooOften { .. } => false,
        }
    }

    /// In how many seconds the same plan may be let through, where that is known.
    pub fn retry_secs(&self) -> Option<i64> {
        match self {
            Self::TooOften { retry_secs, .. } | Self::JustChanged { retry_secs, .. } => {
                Some(*retry_secs)
            }
            Self::Observing
            | Self::AdviceOnly
            | Self::SwitchedOff(_)
            | Self::StaleEvidence { .. }
            | Self::NamespaceDenied(_)
            | Self::OptedOut
            | Self::Paused
            | Self::Unidentified(_)
            | Self::ForeignTarget(_)
            | Self::OutOfScope { .. }
            | Self::OverCap { .. }
            | Self::NoRoom { .. }
            | Self::OwnedElsewhere { .. }
            | Self::InFlight
            | Self::FailedBefore(_)
            | Self::Stranded
            | Self::WorkloadLocked { .. }
            | Self::Storm { .. }
            | Self::BudgetExhausted { .. }
            | Self::Accepted { .. }
            | Self::PolicyMissing
            | Self::NotAuthenticated
            | Self::NamespaceNotEnrolled(_)
            | Self::NeedsApproval(_) => None,
        }
    }

    /// For people, with what to do next.
    #[expect(clippy::too_many_lines, reason = "one answer for each refusal, and nothing else")]
    pub fn detail(&self) -> String {
        let approve = "approve this execution, or leave it";
        match self {
            Self::Observing => "the agent only observes; set mode `suggest` or `auto`".to_owned(),
            Self::AdviceOnly => {
                "no machine can carry this out; apply the shown edit yourself".to_owned()
            }
            Self::SwitchedOff(name) => {
                format!(
                    "the policy says `{name}: off`; choose another strategy or change the policy"
                )
            }
            Self::StaleEvidence { age_secs, ttl_secs } => format!(
                "the facts are {age_secs} s old, {ttl_secs} s are allowed; ask again, they are read anew"
            ),
            Self::NamespaceDenied(namespace) => {
                format!("nothing is ever written in namespace `{namespace}`; fix it by hand")
            }
            Self::OptedOut => format!(
                "the workload asks to be left alone; remove its annotation `{}` to take part",
                crate::OPT_OUT_ANNOTATION
            ),
            Self::Paused => "the workload is paused on purpose; resume it first".to_owned(),
            Self::Unidentified(target) => {
                format!("{target} was not read whole (uid, resourceVersion); ask again")
            }
            Self::ForeignTarget(target) => {
                format!("{target} is not what the incident is about, as it was read; ask again")
            }
            Self::OutOfScope { what, rule } => {
                format!("{what}: {rule}; choose another strategy or do it by hand")
            }
            Self::OverCap { wanted, cap } => {
                format!(
                    "{wanted} lies above the policy's cap of {cap}; raise `caps` or do it by hand"
                )
            }
            Self::NoRoom { wanted, bound } => {
                format!("{wanted} does not fit: {bound}; make room first, or do it by hand")
            }
            Self::OwnedElsewhere { owner, field } => {
                format!("{owner} writes {field}; commit the shown edit where {owner} takes it from")
            }
            Self::InFlight => {
                "another fix of this workload is under way; wait until it is verified".to_owned()
            }
            Self::FailedBefore(strategy) => {
                format!("`{strategy}` did not help this very spec; choose another strategy")
            }
            Self::TooOften { cap, retry_secs } => {
                format!("the cap `{cap}` is reached; try again in {retry_secs} s")
            }
            Self::Stranded => {
                format!(
                    "a former fix could not be taken back; look at the workload, then {approve}"
                )
            }
            Self::WorkloadLocked { until } => {
                format!(
                    "fixes of this workload failed too often, it is locked until {until}; {approve}"
                )
            }
            Self::Storm { workloads: 0, .. } => {
                format!(
                    "the workloads could not be counted; check the agent's rights, or {approve}"
                )
            }
            Self::Storm { unhealthy, workloads } => format!(
                "{unhealthy} of {workloads} workloads are unhealthy, look for one cause first; {approve}"
            ),
            Self::BudgetExhausted { not_better, of, worse } => format!(
                "{not_better} of the last {of} troubles stayed unhealed and {worse} writes made something \
                 worse; {approve}"
            ),
            Self::Accepted { by, until } => {
                format!("{by} accepted this trouble until {until}; {approve}")
            }
            Self::PolicyMissing => {
                format!("mode `auto` wants a policy file; give one, or {approve}")
            }
            Self::NotAuthenticated => {
                format!("mode `auto` wants authenticated callers; configure tokens, or {approve}")
            }
            Self::NamespaceNotEnrolled(namespace) => format!(
                "namespace `{namespace}` is not enrolled; label it `{}=true`, or {approve}",
                crate::MANAGED_LABEL
            ),
            Self::NeedsApproval(reason) => format!("{reason}; {approve}"),
            Self::JustChanged { by, what, secs, retry_secs } => format!(
                "{by} changed {what} {secs} s ago and may still be at it; try again in {retry_secs} s, or {approve}"
            ),
        }
    }
}
