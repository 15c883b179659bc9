//! The security profile that a node does not have: where the template asks for it.

use k8s_openapi::api::core::v1::{PodSecurityContext, SecurityContext};
use types::{FieldPath, Kind, SpotTopic};

use super::Spot;
use crate::Root;
use crate::evidence::failing::Failing;

/// How the annotation begins that named the profile before there was a field; the container follows.
const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The profile that the runtime cannot load.
pub(super) fn asked(failing: &Failing<'_>) -> Option<Spot> {
    let state = &failing.facts.state;
    let told = [&state.waiting_message, &state.exit_message];
    let said: Vec<_> = told.into_iter().flatten().map(|it| it.to_lowercase()).collect();
    let says = |word: &str| said.iter().any(|it| it.contains(word));
    if says("seccomp") {
        let of = |it: &SecurityContext| it.seccomp_profile.as_ref()?.localhost_profile.clone();
        let of_pod =
            |it: &PodSecurityContext| it.seccomp_profile.as_ref()?.localhost_profile.clone();
        return profile(failing, "seccompProfile", (of, of_pod));
    }
    if !says("apparmor") {
        return None;
    }
    let of = |it: &SecurityContext| it.app_armor_profile.as_ref()?.localhost_profile.clone();
    let of_pod = |it: &PodSecurityContext| it.app_armor_profile.as_ref()?.localhost_profile.clone();
    profile(failing, "appArmorProfile", (of, of_pod)).or_else(|| annotation(failing))
}

/// How the profile is read from the two places that may name it.
type Places = (fn(&SecurityContext) -> Option<String>, fn(&PodSecurityContext) -> Option<String>);

fn profile(failing: &Failing<'_>, field: &str, (own, of_pod): Places) -> Option<Spot> {
    let spot = |path: &FieldPath, name: &str| {
        let path = path.child("securityContext").child(field).child("localhostProfile");
        Spot::new(SpotTopic::Start, path, name, String::new())
    };
    if let Some(name) = failing.container.security_context.as_ref().and_then(own) {
        return Some(spot(&failing.path, &name));
    }
    let name = of_pod(failing.spec.security_context.as_ref()?)?;
    Some(spot(&failing.objects.root.kind().pod_spec_path()?, &name))
}

fn annotation(failing: &Failing<'_>) -> Option<Spot> {
    let name = format!("{ANNOTATION}{}", failing.container.name);
    let root = &failing.objects.root;
    let (metadata, path) = match root.kind() {
        Kind::Pod => (root.metadata(), FieldPath::root()),
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet | Kind::Job => {
            (root.template_metadata()?, Root::template_path())
        }
        Kind::CronJob
        | Kind::Node
        | Kind::Service
        | Kind::PersistentVolumeClaim
        | Kind::ConfigMap => return None,
    };
    let value = metadata.annotations.as_ref()?.get(&name)?;
    let path = path.child("metadata").child("annotations").child(&name);
    Some(Spot::new(SpotTopic::Start, path, value, String::new()))
}
