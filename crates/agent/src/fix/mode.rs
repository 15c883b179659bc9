//! The mode: it goes down at once, whoever leads and whatever becomes of the journal, and up by a person alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::Timestamp;
use tokio::sync::{Mutex, broadcast, watch};
use types::{Mode, ObjectRef};

use super::{Fixer, OpenError};
use crate::config::Config;
use crate::journal::{Journal, JournalError};
use crate::lead::Shared;

/// How many changes of the mode somebody who listens may be behind.
const NOTICES: usize = 16;
/// Who set a mode that was taken over.
const LEASE: &str = "lease";
/// Who set a mode that was lowered because the error budget is spent.
const BUDGET: &str = "error budget";

/// A change of the mode, with who and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModeNotice {
    /// What the agent may do since.
    pub mode: Mode,
    /// Who set it.
    pub who: String,
    /// Why, redacted.
    pub why: String,
}

/// What holds the mode.
pub(super) struct Switch {
    mode: watch::Sender<Mode>,
    /// How often all writing was stopped: whoever arms and finds another number was overtaken. Changed with the mode.
    stops: AtomicU64,
    notices: broadcast::Sender<ModeNotice>,
    /// Whether an object in the cluster keeps the mode at `observe`.
    held: AtomicBool,
    /// One change of the mode at a time, so that journal and memory end with the same.
    setting: Mutex<()>,
}

impl Switch {
    pub(super) fn new(mode: Mode) -> Self {
        Self {
            mode: watch::Sender::new(mode),
            stops: AtomicU64::new(0),
            notices: broadcast::Sender::new(NOTICES),
            held: AtomicBool::new(false),
            setting: Mutex::default(),
        }
    }

    fn mode(&self) -> Mode {
        *self.mode.borrow()
    }

    /// Lowers the mode at once where that is lower. How often all writing was stopped by then.
    fn lower(&self, mode: Mode) -> u64 {
        let mut stops = 0;
        self.mode.send_if_modified(|it| {
            let more = u64::from(mode == Mode::Observe);
            stops = self.stops.fetch_add(more, Ordering::Relaxed) + more;
            let is_lower = mode < *it;
            if is_lower {
                *it = mode;
            }
            is_lower
        });
        stops
    }

    /// Sets the mode, unless all writing was stopped since it had been so often; whether it did.
    fn set_unless_stopped(&self, mode: Mode, stops: u64) -> bool {
        let mut is_set = false;
        self.mode.send_if_modified(|it| {
            is_set = !self.was_stopped_since(stops);
            let changes = is_set && *it != mode;
            if changes {
                *it = mode;
            }
            changes
        });
        is_set
    }

    fn was_stopped_since(&self, stops: u64) -> bool {
        self.stops.load(Ordering::Relaxed) != stops
    }

    fn tell(&self, mode: Mode, who: &str, why: String) {
        tracing::info!(%mode, who, "mode set");
        // Nobody listening is fine.
        let _ = self.notices.send(ModeNotice { mode, who: who.to_owned(), why });
    }
}

impl Fixer {
    /// What the agent may do now.
    pub fn mode(&self) -> Mode {
        self.switch.mode()
    }

    /// Every change of the mode from now on.
    pub fn mode_notices(&self) -> broadcast::Receiver<ModeNotice> {
        self.switch.notices.subscribe()
    }

    /// The mode, for whoever has to wait until it changes.
    pub(super) fn mode_changes(&self) -> watch::Receiver<Mode> {
        self.switch.mode.subscribe()
    }

    /// Sets the mode. Stopping works at once, whoever leads and whatever becomes of the journal and the Lease; an
    /// error then says where it does not stand. Arming is journalled first, and loses against every stop that comes
    /// before its end.
    pub async fn set_mode(&self, mode: Mode, who: &str, why: &str) -> Result<(), OpenError> {
        if let Some(missing) = unarmed(mode, self.policy_given, self.authenticated) {
            return Err(OpenError::Unarmed(missing));
        }
        if mode != Mode::Observe && self.switch.held.load(Ordering::Relaxed) {
            return Err(OpenError::Held);
        }
        let stops = self.switch.lower(mode);
        let why = self.agent.redactor.redact(why);
        if mode == Mode::Observe {
            // Goes out with the next renewal, however long the journal and others who set the mode take.
            self.lead.note(|it| it.mode = Some(mode));
            let _turn = self.switch.setting.lock().await;
            // Somebody may have set another mode between the stop and its turn: what is journalled last counts in
            // memory too.
            self.switch.lower(Mode::Observe);
            return self.keep_stopped(who, why).await;
        }
        let _turn = self.switch.setting.lock().await;
        if self.switch.was_stopped_since(stops) {
            return Err(OpenError::Overtaken);
        }
        self.journal.set_mode(mode, who, &why).await?;
        // A stop that comes from here on waits for its turn, and is journalled after this.
        if !self.switch.set_unless_stopped(mode, stops) {
            return Err(OpenError::Overtaken);
        }
        self.switch.tell(mode, who, why);
        let armed_at = self.journal.armed_at().await?;
        let shared = self.lead.share(|it| (it.mode, it.armed_at) = (Some(self.mode()), armed_at));
        shared.await.map_err(OpenError::NotShared)
    }

    /// Writing is stopped already: makes that last, in the journal and in the Lease, each whatever becomes of the
    /// other.
    async fn keep_stopped(&self, who: &str, why: String) -> Result<(), OpenError> {
        let (kept, shared) = tokio::join!(
            self.journal.set_mode(Mode::Observe, who, &why),
            self.lead.share(|it| it.mode = Some(Mode::Observe)),
        );
        self.switch.tell(Mode::Observe, who, why);
        kept?;
        shared.map_err(OpenError::NotShared)
    }

    /// Lowers mode `auto` to `suggest` where what became of our writes leaves nothing of the error budget, and says so.
    /// What one namespace spent alone is refused there, and lowers nothing.
    /// A person who looked sets `auto` again: what was written before that is not held against automation any more.
    pub(super) async fn heed_budget(&self, subject: &ObjectRef) {
        if let Err(error) = self.disarm_where_spent(subject).await {
            // The next decision finds it spent as well.
            let error = service::telemetry::chain(&error);
            tracing::warn!(
                error,
                "whether the error budget is spent, or that it is, could not be kept"
            );
        }
    }

    async fn disarm_where_spent(&self, subject: &ObjectRef) -> Result<(), OpenError> {
        if self.mode() != Mode::Auto {
            return Ok(());
        }
        // Whoever arms meanwhile waits, or is seen here.
        let _turn = self.switch.setting.lock().await;
        let Some(spent) = self.spent_budget(subject).await? else { return Ok(()) };
        if self.mode() != Mode::Auto {
            return Ok(());
        }
        let why = format!("{}; set mode auto again once somebody has looked", spent.detail());
        self.switch.lower(Mode::Suggest);
        let kept = self.journal.set_mode(Mode::Suggest, BUDGET, &why).await;
        // Somebody may have stopped everything meanwhile.
        self.switch.tell(self.mode(), BUDGET, why);
        let shared = self.lead.share(|it| it.mode = Some(self.mode())).await;
        kept?;
        shared.map_err(OpenError::NotShared)
    }

    /// Takes over the mode of the replica before this one where it is lower. A takeover arms nothing: a person does.
    pub(super) async fn take_over_mode(&self, told: Mode) -> Result<(), JournalError> {
        let _turn = self.switch.setting.lock().await;
        if self.mode() <= told {
            return Ok(());
        }
        self.switch.lower(told);
        let why = "the mode of the replica that led before";
        self.journal.set_mode(told, LEASE, why).await?;
        self.switch.tell(told, LEASE, why.to_owned());
        Ok(())
    }

    /// Takes over when a person armed the replica before this one, where both are armed: he has looked at what was
    /// written before. It arms nothing itself, and an arming that is still to come is none.
    pub(super) async fn take_over_arming(&self, told: &Shared) -> Result<(), JournalError> {
        let _turn = self.switch.setting.lock().await;
        let both_are_armed = told.mode == Some(Mode::Auto) && self.mode() == Mode::Auto;
        let Some(at) = told.armed_at.filter(|_| both_are_armed) else { return Ok(()) };
        let known = self.journal.armed_at().await?;
        if Timestamp::now() < at || known.is_some_and(|it| at <= it) {
            return Ok(());
        }
        self.journal.keep_arming(at, LEASE).await
    }

    /// Stops whenever the stop object comes, and keeps stopped while it is there. When it goes nothing is armed:
    /// a person sets the mode.
    pub async fn obey(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            let is_there = *stop.borrow_and_update();
            self.switch.held.store(is_there, Ordering::Relaxed);
            if is_there && self.mode() != Mode::Observe {
                let (who, why) = ("stop object", "the ConfigMap k8s-reflexion-stop was made");
                match self.set_mode(Mode::Observe, who, why).await {
                    // Every replica sees the object itself.
                    Ok(()) | Err(OpenError::NotShared(_)) => {}
                    Err(error) => {
                        let error = service::telemetry::chain(&error);
                        tracing::error!(
                            error,
                            "stopped, but not durably: the journal does not answer"
                        );
                    }
                }
            }
            if stop.changed().await.is_err() {
                return;
            }
        }
    }
}

/// The mode of the journal, or of the settings where it knows none. `observe` always counts: as the setting, and
/// while a damaged journal lies beside the new one, which does not know what was stopped or under way.
pub(super) async fn first_mode(journal: &Journal, config: &Config) -> Result<Mode, JournalError> {
    let kept = journal.mode().await?;
    if let Some(aside) = Journal::damaged(&config.data) {
        tracing::error!(
            file = %aside.display(),
            "a damaged journal lies beside the new one, so nothing is written; look at what was under way, move \
             the file away, and set the mode"
        );
        return Ok(Mode::Observe);
    }
    let set = Mode::from(config.mode);
    if set == Mode::Observe && kept != Some(set) {
        journal.set_mode(set, "settings", "started with mode observe").await?;
        return Ok(set);
    }
    Ok(kept.unwrap_or(set))
}

/// What mode `auto` lacks.
pub(super) fn unarmed(mode: Mode, policy_given: bool, authenticated: bool) -> Option<&'static str> {
    match (mode, policy_given, authenticated) {
        (Mode::Auto, false, _) => Some("a policy file (--policy)"),
        (Mode::Auto, true, false) => {
            Some("authenticated callers (--tokens-file, or --auth tokenreview)")
        }
        (Mode::Auto, true, true) | (Mode::Observe | Mode::Suggest, _, _) => None,
    }
}
