//! What lets the one claim that waits for a volume have it: a volume that is still kept for the claim of old, or for a
//! name that is a slip of this one's. For people alone: a volume is nobody's namespace, and is never written.
//!
//! A volume that was bound has somebody's data on it. It is shown how a claim of the same namespace gets it, and no
//! other, and only where the volume is to be kept: what would be deleted is nobody's to be had again.

use k8s_openapi::api::core::v1::{ObjectReference, PersistentVolume, PersistentVolumeClaim};
use serde_json::Value;
use types::{Edit, FieldPath, Finding, Subject};

use super::claim_not_bound::BY_HAND;
use super::scene::{name, namespace, subject};
use super::volume_fit;
use crate::Snapshot;
use crate::near_miss::near_miss;

/// The longest name of an object.
const MAX_NAME: usize = 253;

/// How a claim that waits gets the volume that it waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct VolumeFreed {
    /// The claim.
    pub claim: Subject,
    /// The volume.
    pub volume: String,
    /// The claim that the volume is kept for, as `shop/data`.
    pub kept_for: String,
    /// Whether it was bound, so that the claim sees what is on it.
    pub was_bound: bool,
    /// The edits of the volume. Not redacted: redact before they leave the process.
    pub edits: Vec<Edit>,
}

impl VolumeFreed {
    /// How it is told beside what is wrong.
    pub(super) fn words(&self) -> String {
        let Self { claim, volume, .. } = self;
        let (space, name) = (&claim.namespace, &claim.name);
        let how = format!("kubectl patch pv {volume} --type=json -p");
        if self.was_bound {
            format!(
                "the claim {space}/{name} waits for it: with the patch ({how}) it is kept for that one, which then sees the data of the claim of old"
            )
        } else {
            format!(
                "the claim {space}/{name} waits for it and was probably meant: correct the name where the volume is declared, or apply the patch ({how})"
            )
        }
    }
}

/// What lets the claims have their volumes of which one of these findings says that they are not bound.
pub fn volumes_freed(around: &Snapshot, findings: &[Finding]) -> Vec<VolumeFreed> {
    let told = |it: &VolumeFreed| findings.iter().any(|finding| finding.subject == it.claim);
    let volumes = around.volumes.iter().flatten();
    volumes.filter_map(|it| of_volume(it, around)).filter(told).collect()
}

/// How the one claim that waits for this volume gets it; `None` where none does, or more than one.
pub(super) fn of_volume(volume: &PersistentVolume, all: &Snapshot) -> Option<VolumeFreed> {
    let kept_for = volume.spec.as_ref()?.claim_ref.as_ref()?;
    let (claims, volumes) = (all.claims.as_deref()?, all.volumes.as_deref()?);
    let of_old = (kept_for.namespace.as_deref()?, kept_for.name.as_deref()?);
    let phase = volume.status.as_ref()?.phase.as_deref()?;
    let was_bound = match (phase, &kept_for.uid) {
        ("Released", Some(_)) => true,
        ("Available" | "Pending", None) => false,
        _ => return None,
    };
    let is_there = |it: &PersistentVolumeClaim| {
        let is_it = (namespace(&it.metadata), name(&it.metadata)) == of_old;
        is_it && (!was_bound || it.metadata.uid == kept_for.uid)
    };
    let may_go = !was_bound || is_kept(volume);
    if volume.metadata.deletion_timestamp.is_some()
        || !may_go
        || claims.iter().any(is_there)
        || !is_plain(name(&volume.metadata))
    {
        return None;
    }
    let mut waiting = claims.iter().filter(|it| {
        let is_near = || near_miss(name(&it.metadata), [of_old.1]).is_some();
        namespace(&it.metadata) == of_old.0
            && (was_bound || is_near())
            && waits_for(it, volume, (of_old.1, volumes), all)
    });
    let (claim, None) = (waiting.next()?, waiting.next()) else { return None };
    let edits = edits(kept_for, name(&claim.metadata))?;
    let about = subject("PersistentVolumeClaim", &claim.metadata);
    let kept_for = format!("{}/{}", of_old.0, of_old.1);
    let volume = name(&volume.metadata).to_owned();
    Some(VolumeFreed { claim: about, volume, kept_for, was_bound, edits })
}

fn is_kept(volume: &PersistentVolume) -> bool {
    let policy = volume.spec.as_ref().and_then(|it| it.persistent_volume_reclaim_policy.as_deref());
    policy == Some("Retain")
}

/// Whether nothing but whom the volume is kept for keeps this claim from it: it names the volume, or nothing makes
/// volumes of its class and this is the only one that it can have.
fn waits_for(
    claim: &PersistentVolumeClaim,
    volume: &PersistentVolume,
    (of_old, volumes): (&str, &[PersistentVolume]),
    all: &Snapshot,
) -> bool {
    let Some(spec) = &claim.spec else { return false };
    let is_pending = claim.status.as_ref().and_then(|it| it.phase.as_deref()) == Some("Pending");
    let is_going = claim.metadata.deletion_timestamp.is_some();
    if !is_pending || is_going || !volume_fit::is_only_held(claim, volume) {
        return false;
    }
    if let Some(wanted) = spec.volume_name.as_deref().filter(|it| !it.is_empty()) {
        return wanted == name(&volume.metadata);
    }
    // Of several that are kept for others, the one that was kept for this very name is meant.
    let phase = |it: &PersistentVolume| it.status.as_ref().and_then(|it| it.phase.clone());
    let may_be_had = |it: &&PersistentVolume| {
        phase(it).as_deref() != Some("Bound") && volume_fit::is_only_held(claim, it)
    };
    let is_namesake = name(&claim.metadata) == of_old;
    let is_only = is_namesake || volumes.iter().filter(may_be_had).count() == 1;
    is_made_by_hand(spec.storage_class_name.as_deref(), all)
        && !volume_fit::is_there(claim, volumes)
        && is_only
}

/// Whether nothing makes volumes of this class: it is no object, or one without a provisioner.
fn is_made_by_hand(class: Option<&str>, all: &Snapshot) -> bool {
    let (Some(class), Some(classes)) = (class, &all.storage_classes) else { return false };
    let known = classes.iter().find(|it| name(&it.metadata) == class);
    known.is_none_or(|it| it.provisioner == BY_HAND)
}

/// Keeps the volume for the claim of this name, whichever it is by then.
fn edits(kept_for: &ObjectReference, claim: &str) -> Option<Vec<Edit>> {
    if !is_plain(claim) {
        return None;
    }
    let path = FieldPath::root().child("spec").child("claimRef");
    let text = |it: &Option<String>| it.clone().map(Value::from);
    let to = Some(Value::from(claim));
    let named = Edit { path: path.child("name"), from: text(&kept_for.name), to };
    let named = (named.from != named.to).then_some(named);
    // Which of all claims of that name it was: what is absent there the next one that is bound fills in.
    let of_life = [("uid", &kept_for.uid), ("resourceVersion", &kept_for.resource_version)];
    let of_life = of_life.into_iter().filter(|it| it.1.is_some());
    let of_life = of_life.map(|it| Edit { path: path.child(it.0), from: text(it.1), to: None });
    Some(named.into_iter().chain(of_life).collect())
}

/// Whether it can be named in a command and in a patch without saying anything else.
fn is_plain(text: &str) -> bool {
    let is_part = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "-.".contains(it);
    let is_edge = |it: Option<char>| it.is_some_and(|it| it.is_ascii_alphanumeric());
    text.len() <= MAX_NAME
        && text.chars().all(is_part)
        && is_edge(text.chars().next())
        && is_edge(text.chars().next_back())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A volume that was released by this claim, or is kept for it, and the claims of the namespace `shop`.
    fn around(kept_for: &Value, phase: &str, claims: &[Value]) -> Snapshot {
        let mut around = Snapshot::at("2026-01-01T00:00:00Z".parse().unwrap(), "test");
        let volume = json!({"metadata": {"name": "disk-1"}, "status": {"phase": phase},
            "spec": {"storageClassName": "manual", "capacity": {"storage": "1Gi"}, "claimRef": kept_for,
                "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain"}});
        around.volumes = Some(vec![serde_json::from_value(volume).unwrap()]);
        let claims = claims.iter().map(|it| serde_json::from_value(it.clone()).unwrap());
        around.claims = Some(claims.collect());
        around.storage_classes = Some(vec![]);
        around
    }

    fn claim(name: &str) -> Value {
        json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("new-{name}")},
            "spec": {"storageClassName": "manual", "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}}},
            "status": {"phase": "Pending"}})
    }

    fn of_old(namespace: &str, name: &str) -> Value {
        json!({"namespace": namespace, "name": name, "uid": "old", "resourceVersion": "7"})
    }

    fn freed(around: &Snapshot) -> Option<VolumeFreed> {
        of_volume(&around.volumes.as_ref().unwrap()[0], around)
    }

    fn shown(around: &Snapshot) -> Vec<String> {
        let edits = freed(around).map(|it| it.edits).unwrap_or_default();
        edits.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_volume_of_a_claim_that_was_made_anew_is_freed_of_which_one_it_was() {
        let all = around(&of_old("shop", "data"), "Released", &[claim("data")]);
        assert_eq!(
            shown(&all),
            [
                r#"/spec/claimRef/uid: "old" -> nothing"#,
                r#"/spec/claimRef/resourceVersion: "7" -> nothing"#
            ]
        );
        // Of another name it is kept for the new one, so that no third claim gets it.
        let all = around(&of_old("shop", "old-data"), "Released", &[claim("data")]);
        assert_eq!(shown(&all)[0], r#"/spec/claimRef/name: "old-data" -> "data""#);
        assert!(freed(&all).unwrap().words().contains("sees the data of the claim of old"));
    }

    #[test]
    fn a_volume_that_is_kept_for_a_misspelt_name_is_kept_for_the_right_one() {
        let kept_for = json!({"namespace": "shop", "name": "pgdata"});
        let all = around(&kept_for, "Available", &[claim("pg-data")]);
        assert_eq!(shown(&all), [r#"/spec/claimRef/name: "pgdata" -> "pg-data""#]);
        // Another name, and one that is somebody's.
        assert_eq!(freed(&around(&kept_for, "Available", &[claim("cache")])), None);
        let both = [claim("pg-data"), claim("pgdata")];
        assert_eq!(freed(&around(&kept_for, "Available", &both)), None);
    }

    #[test]
    fn whose_data_it_is_or_which_claim_is_meant_is_not_guessed() {
        let honest = || around(&of_old("shop", "data"), "Released", &[claim("data")]);
        assert!(freed(&honest()).is_some());
        let refused = |change: &dyn Fn(&mut Snapshot)| {
            let mut all = honest();
            change(&mut all);
            assert_eq!(freed(&all), None);
        };
        let volume = |all: &mut Snapshot, change: &dyn Fn(&mut PersistentVolume)| {
            change(&mut all.volumes.as_mut().unwrap()[0]);
        };
        let claim_of = |all: &mut Snapshot, change: &dyn Fn(&mut PersistentVolumeClaim)| {
            change(&mut all.claims.as_mut().unwrap()[0]);
        };
        // Another namespace's data, what is deleted soon, and a claim that is still there.
        refused(&|all| *all = around(&of_old("bank", "data"), "Released", &[claim("data")]));
        refused(&|all| {
            volume(all, &|it| {
                let policy = &mut it.spec.as_mut().unwrap().persistent_volume_reclaim_policy;
                *policy = Some("Delete".to_owned());
            });
        });
        refused(&|all| claim_of(all, &|it| it.metadata.uid = Some("old".to_owned())));
        refused(&|all| {
            volume(all, &|it| it.status.as_mut().unwrap().phase = Some("Bound".to_owned()));
        });
        // Two claims, one that wants another volume, and one that is too large.
        refused(&|all| {
            let two = [claim("data-1"), claim("data-2")];
            *all = around(&of_old("shop", "data"), "Released", &two);
        });
        refused(&|all| {
            claim_of(all, &|it| it.spec.as_mut().unwrap().volume_name = Some("disk-2".to_owned()));
        });
        refused(&|all| {
            volume(all, &|it| it.spec.as_mut().unwrap().capacity.as_mut().unwrap().clear());
            volume(all, &|it| it.spec.as_mut().unwrap().access_modes = Some(vec![]));
        });
        // A volume is made for it, one is free, or that is not known.
        refused(&|all| {
            let class = json!({"metadata": {"name": "manual"}, "provisioner": "disk.example.com"});
            all.storage_classes = Some(vec![serde_json::from_value(class).unwrap()]);
        });
        refused(&|all| {
            let mut free = all.volumes.as_ref().unwrap()[0].clone();
            free.spec.as_mut().unwrap().claim_ref = None;
            free.status.as_mut().unwrap().phase = Some("Available".to_owned());
            all.volumes.as_mut().unwrap().push(free);
        });
        refused(&|all| all.storage_classes = None);
        refused(&|all| all.claims = None);
    }

    #[test]
    fn what_is_no_name_gets_into_no_command() {
        for text in ["", "-a", "a b", "a;b", "a'", &"a".repeat(254)] {
            assert!(!is_plain(text), "{text}");
        }
        assert!(is_plain("pvc-1f.example"));
    }
}
