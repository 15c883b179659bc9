//! Where a program looks for the keys of the hosts that it trusts.

use types::SpotTopic;

use super::Spot;
use super::files::mount_of;
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;

/// What the file is called, and the folder that it mostly lies in.
const FILE: &str = "known_hosts";
const FOLDER: &str = ".ssh";

/// The variable, the word of the command or the mount that says where they are.
pub(super) fn known(failing: &Failing<'_>) -> Option<Spot> {
    failing.reading.as_ref().filter(|it| it.trouble == Trouble::HostKey)?;
    let is_named = |text: &str| text.to_lowercase().contains(FILE);
    let variables = failing.variables();
    let variable = variables.iter().find(|it| is_named(it.1) || is_named(it.2));
    if let Some((path, name, value)) = variable {
        let source =
            source(failing, value).map(|it| format!(", a file of {it}")).unwrap_or_default();
        let words =
            format!("; {name} says where it looks for those that it knows: {value}{source}");
        let spot = Spot::of_text(path, (name, value), words);
        return Some(Spot { topic: SpotTopic::Program, ..spot });
    }
    if let Some((path, text)) = failing.telling_words().into_iter().find(|it| is_named(it.1)) {
        let words = "; its command says where it looks for those that it knows".to_owned();
        return Some(Spot::new(SpotTopic::Program, path, text, words));
    }
    let mut mounts = failing.container.volume_mounts.iter().flatten().enumerate();
    let (at, mount) =
        mounts.find(|it| is_named(&it.1.mount_path) || it.1.mount_path.contains(FOLDER))?;
    let place = &mount.mount_path;
    let source = source(failing, place).map(|it| format!(" is {it}")).unwrap_or_default();
    let words = format!("; {place}{source}, where it looks for those that it knows");
    let path = failing.path.child("volumeMounts").index(at).child("mountPath");
    Some(Spot::new(SpotTopic::Program, path, place, words))
}

/// The object that a file comes from.
fn source(failing: &Failing<'_>, file: &str) -> Option<String> {
    let mount = mount_of(failing, file)?.1;
    let volume = failing.spec.volumes.iter().flatten().find(|it| it.name == mount.name)?;
    let secret = volume.secret.as_ref().and_then(|it| it.secret_name.as_ref());
    let secret = secret.map(|it| format!("Secret {it}"));
    secret.or_else(|| Some(format!("ConfigMap {}", volume.config_map.as_ref()?.name)))
}
