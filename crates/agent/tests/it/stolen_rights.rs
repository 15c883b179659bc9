//! Requests about the rights of pods with the executor's token: none may be given, and some may be taken away.

use serde_json::{Value, json};

use crate::stolen_requests::{Request, WEB, patch};

/// A Deployment whose pods may do more than others.
const MIGHTY: &str = "/apis/apps/v1/namespaces/SHOP/deployments/mighty";

fn pod(what: &'static str, path: &str, spec: &Value) -> Request {
    patch(what, path, json!({"spec": {"template": {"spec": spec}}}))
}

fn settings(settings: &[(&str, &str)]) -> Value {
    let all = settings.iter().map(|it| json!({"name": it.0, "value": it.1}));
    json!({"securityContext": {"sysctls": all.collect::<Vec<_>>()}})
}

fn container(what: &'static str, context: &Value) -> Request {
    let app = json!({"name": "app", "securityContext": context});
    pod(what, MIGHTY, &json!({"containers": [app]}))
}

/// What gives a right, or another than it takes.
pub(crate) fn forbidden() -> Vec<Request> {
    let more = settings(&[
        ("net.core.somaxconn", "1024"),
        ("net.ipv4.tcp_syncookies", "1"),
        ("net.ipv4.ip_forward", "1"),
    ]);
    vec![
        pod("set a kernel setting", WEB, &settings(&[("net.core.somaxconn", "1024")])),
        pod(
            "set another value of a kernel setting",
            MIGHTY,
            &settings(&[("net.core.somaxconn", "65535")]),
        ),
        pod("set one kernel setting more", MIGHTY, &more),
        pod(
            "take a kernel setting away and be of another group",
            MIGHTY,
            &json!({"securityContext": {"sysctls": null, "fsGroup": 0}}),
        ),
        pod("take away the security context", MIGHTY, &json!({"securityContext": null})),
        pod(
            "use the host's memory for its processes",
            MIGHTY,
            &json!({"hostPID": null, "hostIPC": true}),
        ),
        container("gain another capability", &json!({"capabilities": {"add": ["SYS_ADMIN"]}})),
        container("keep a capability that was dropped", &json!({"capabilities": {"drop": []}})),
        container("drop another one instead", &json!({"capabilities": {"drop": ["CHOWN"]}})),
        container("write to its image", &json!({"readOnlyRootFilesystem": false})),
        container("say nothing of its image", &json!({"readOnlyRootFilesystem": null})),
        container("run as root after all", &json!({"runAsNonRoot": null})),
        container("run as another user", &json!({"runAsUser": 0})),
        container(
            "be privileged no more, and another user",
            &json!({"privileged": null, "runAsUser": 0}),
        ),
    ]
}

/// What a rollback takes away.
pub(crate) fn legal() -> Vec<Request> {
    let none = json!({"securityContext": {"sysctls": null}});
    vec![
        pod("no kernel setting", MIGHTY, &none),
        pod("one kernel setting fewer", MIGHTY, &settings(&[("net.core.somaxconn", "1024")])),
        pod("the host's processes no more", MIGHTY, &json!({"hostPID": null})),
        container("privileged no more", &json!({"privileged": null})),
        container("one capability fewer", &json!({"capabilities": {"add": ["SYS_TIME"]}})),
        container("no capability", &json!({"capabilities": {"add": null}})),
        container("more of them dropped", &json!({"capabilities": {"drop": ["CHOWN", "MKNOD"]}})),
        container(
            "no way to more rights",
            &json!({"privileged": null, "capabilities": {"add": null}, "allowPrivilegeEscalation": false}),
        ),
    ]
}

/// What makes a pod mighty.
pub(crate) fn rights(pod: &mut Value) {
    let mut context = settings(&[("net.core.somaxconn", "1024"), ("net.ipv4.tcp_syncookies", "1")]);
    context["securityContext"]["fsGroup"] = json!(1000);
    pod["securityContext"] = context["securityContext"].take();
    pod["hostPID"] = json!(true);
    pod["containers"][0]["securityContext"] = json!({
        "privileged": true, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
        "capabilities": {"add": ["NET_ADMIN", "SYS_TIME"], "drop": ["MKNOD"]},
    });
}
