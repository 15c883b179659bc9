//! A file that a program is told under nearly its name.

use types::{Evidence, SlipKind};

use crate::casebook::gathered;

/// A pod that ends at once, with this in its container, these volumes, these last words and objects beside it.
struct Case<'a> {
    container: &'a str,
    volumes: &'a str,
    log: &'a str,
    beside: &'a str,
}

const MAP: &str = "---
apiVersion: v1
kind: ConfigMap
metadata: {name: tpl, namespace: shop}
data: {site.conf.template: x, mime.types: y}
";
const MOUNT: &str = "volumeMounts: [{name: tpl, mountPath: /etc/nginx/tpl}]";
const OF_MAP: &str = "{name: tpl, configMap: {name: tpl}}";
const MISSING: &str =
    "open() \"/etc/nginx/tpl/site.conf.tmpl\" failed (2: No such file or directory)";
const ARGS: &str = "args: ['--from=/etc/nginx/tpl/site.conf.tmpl']";

impl Case<'_> {
    fn gathered(&self) -> Evidence {
        let Self { container, volumes, log, beside } = self;
        let log = serde_json::to_string(log).unwrap();
        let page = format!(
            "taken_at: 2026-11-24T03:00:00Z
root: Pod web-1
logs: [{{pod: web-1, container: app, previous: true, text: {log}}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: web-1, namespace: shop, uid: web-1, creationTimestamp: 2026-11-24T02:50:00Z}}
spec: {{containers: [{{name: app, image: 'shop/web:1', {container}}}], volumes: [{volumes}]}}
status:
  phase: Running
  containerStatuses: [{{name: app, image: 'shop/web:1', imageID: '', ready: false, restartCount: 6, state: {{waiting: {{reason: CrashLoopBackOff}}}}, lastState: {{terminated: {{exitCode: 1, reason: Error, startedAt: 2026-11-24T02:58:00Z, finishedAt: 2026-11-24T02:58:20Z}}}}}}]
{beside}"
        );
        gathered(&page)
    }

    /// The edits of the first slip about a file or a value.
    fn edits(&self) -> Vec<String> {
        let evidence = self.gathered();
        let is_it = |it: SlipKind| matches!(it, SlipKind::Mount | SlipKind::Value);
        let slip = evidence.slips.into_iter().find(|it| is_it(it.kind));
        let edits = slip.into_iter().flat_map(|it| it.edits);
        edits.map(|it| it.to_string().replace("/spec/containers/0", "")).collect()
    }
}

/// What is offered where a container with this mounts a ConfigMap with a template, which the log misses.
fn offered(container: &str) -> Vec<String> {
    let container = format!("{container}, {MOUNT}");
    Case { container: &container, volumes: OF_MAP, log: MISSING, beside: MAP }.edits()
}

#[test]
fn a_file_with_an_ending_of_the_same_meaning_is_offered_wherever_its_name_stands() {
    let right = "/etc/nginx/tpl/site.conf.template";
    assert_eq!(
        offered(ARGS),
        [format!("/args/0: \"--from=/etc/nginx/tpl/site.conf.tmpl\" -> \"--from={right}\"")]
    );
    let script = "command: [sh, -c, 'cat /etc/nginx/tpl/mime.types; envsubst < /etc/nginx/tpl/site.conf.tmpl > /tmp/x']";
    let edits = offered(script);
    assert!(
        edits[0].starts_with("/command/2: ") && edits[0].ends_with("site.conf.template > /tmp/x\"")
    );
    // In two places: both have to be right.
    let twice = format!("{ARGS}, env: [{{name: FROM, value: /etc/nginx/tpl/site.conf.tmpl}}]");
    let edits = offered(&twice);
    assert_eq!(edits.len(), 2, "{edits:?}");
    assert_eq!(edits[1], format!("/env/0/value: \"/etc/nginx/tpl/site.conf.tmpl\" -> \"{right}\""));
}

#[test]
fn files_of_another_form_or_place_are_not_offered() {
    let none: [&str; 0] = [];
    let with = |data: &str, container: &str, volumes: &str| {
        let beside = MAP.replace("{site.conf.template: x, mime.types: y}", data);
        Case { container, volumes, log: MISSING, beside: &beside }.edits()
    };
    let told = format!("{ARGS}, {MOUNT}");
    // Another form, two of which either may be meant, and another file.
    assert_eq!(with("{site.conf.json: x}", &told, OF_MAP), none);
    assert_eq!(with("{site.conf.tpl: x, site.conf.template: y}", &told, OF_MAP), none);
    assert_eq!(with("{shop.conf.template: x}", &told, OF_MAP), none);
    // It is there, and its first line may name what is not.
    assert_eq!(with("{site.conf.tmpl: x, site.conf.template: y}", &told, OF_MAP), none);
    // A volume that somebody else writes lies below, or may be all that there is.
    let below = format!(
        "{ARGS}, volumeMounts: [{{name: tpl, mountPath: /etc/nginx}}, {{name: out, mountPath: /etc/nginx/tpl}}]"
    );
    let both = format!("{OF_MAP}, {{name: out, emptyDir: {{}}}}");
    assert_eq!(with("{site.conf.template: x}", &below, &both), none);
    let written = "{name: tpl, emptyDir: {}}";
    assert_eq!(with("{site.conf.template: x}", &told, written), none);
    // A source whose files nobody knows.
    let unknown =
        "{name: tpl, projected: {sources: [{configMap: {name: tpl}}, {secret: {name: keys}}]}}";
    assert_eq!(with("{site.conf.template: x}", &told, unknown), none);
    // The program says what else went wrong.
    let says = "dial tcp: lookup db on 10.96.0.10:53: no such host";
    let case = Case { container: &told, volumes: OF_MAP, log: says, beside: MAP };
    assert_eq!(case.edits(), none);
}

#[test]
fn what_the_items_of_a_volume_are_called_is_known_of_a_secret_too() {
    let offers = |container: &str, volumes: &str| {
        Case { container, volumes, log: MISSING, beside: MAP }.edits()
    };
    let told = format!("{ARGS}, {MOUNT}");
    let secret = |more: &str| {
        format!(
            "{{name: tpl, secret: {{secretName: s, items: [{{key: a, path: site.conf.template}}]{more}}}}}"
        )
    };
    let to = "\"--from=/etc/nginx/tpl/site.conf.template\"";
    let right = [format!("/args/0: \"--from=/etc/nginx/tpl/site.conf.tmpl\" -> {to}")];
    assert_eq!(offers(&told, &secret("")), right);
    let mixed = "{name: tpl, projected: {sources: [{secret: {name: s, items: [{key: a, path: site.conf.template}]}}, {downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}, {serviceAccountToken: {path: token}}]}}";
    assert_eq!(offers(&told, mixed), right);
    let renamed =
        "{name: tpl, configMap: {name: tpl, items: [{key: mime.types, path: site.conf.template}]}}";
    assert_eq!(offers(&told, renamed), right);
    // It need not be there, or nobody says what it has.
    assert_eq!(offers(&told, &secret(", optional: true")), [""; 0]);
    assert_eq!(offers(&told, "{name: tpl, secret: {secretName: s}}"), [""; 0]);
    // The key is called so: the volume gives it another name.
    let item = "{name: tpl, secret: {secretName: s, items: [{key: site.conf.tmpl, path: site.conf.template}]}}";
    let edits = offers(&told, item);
    let path = "/spec/volumes/0/secret/items/0/path";
    assert_eq!(edits, [format!("{path}: \"site.conf.template\" -> \"site.conf.tmpl\"")]);
    // Nothing in the template names it.
    assert_eq!(
        offers(MOUNT, renamed),
        ["/spec/volumes/0/configMap/items/0/path: \"site.conf.template\" -> \"site.conf.tmpl\""]
    );
}

#[test]
fn a_file_beside_one_that_a_config_map_puts_there_is_offered() {
    let part = "volumeMounts: [{name: tpl, mountPath: /etc/nginx/tpl/site.conf.template, subPath: site.conf.template}]";
    let offers = |container: &str, volumes: &str| {
        Case { container, volumes, log: MISSING, beside: MAP }.edits().len()
    };
    assert_eq!(offers(&format!("{ARGS}, {part}"), OF_MAP), 1);
    // Somebody else may write into the folder.
    let written = part.replace('[', "[{name: out, mountPath: /etc/nginx/tpl}, ");
    let both = format!("{OF_MAP}, {{name: out, emptyDir: {{}}}}");
    assert_eq!(offers(&format!("{ARGS}, {written}"), &both), 0);
    // Without the program's word the image may have it.
    let container = format!("{ARGS}, {part}");
    let silent = Case { container: &container, volumes: OF_MAP, log: "", beside: MAP };
    assert_eq!(silent.edits(), [""; 0]);
}

#[test]
fn a_key_that_names_the_file_is_offered_as_it_would_be() {
    let env = format!(
        "env: [{{name: FROM, valueFrom: {{configMapKeyRef: {{name: env, key: FROM}}}}}}], {MOUNT}"
    );
    let named = |value: &str| {
        format!(
            "{MAP}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: env, namespace: shop}}\ndata: {{FROM: {value}}}\n"
        )
    };
    let offers = |value: &str, log: &str| {
        Case { container: &env, volumes: OF_MAP, log, beside: &named(value) }.edits()
    };
    let wrong = "/etc/nginx/tpl/site.conf.tmpl";
    assert_eq!(
        offers(wrong, MISSING),
        [format!("/data/FROM: \"{wrong}\" -> \"/etc/nginx/tpl/site.conf.template\"")]
    );
    assert_eq!(offers(wrong, "panic: boom"), [""; 0]);
    assert_eq!(offers("/etc/nginx/tpl/other.tmpl", MISSING), [""; 0]);
}
