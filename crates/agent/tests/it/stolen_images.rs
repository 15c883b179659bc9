//! Requests about images whose names are written unusually, with the executor's token: the repository stays.

use serde_json::{Value, json};

use crate::stolen_requests::{Request, patch};

/// Deployments by their names, each with its image.
const IMAGES: [(&str, &str); 3] = [
    ("by-number", "[fd00::1]:5000/shop/web:1.0"),
    ("of-a-branch", "registry.example:5000/shop/web:feature/login"),
    ("of-nobody", "web:feature/login"),
];

fn image(what: &'static str, name: &str, image: &str) -> Request {
    let path = format!("/apis/apps/v1/namespaces/SHOP/deployments/{name}");
    let app = json!({"name": "app", "image": image});
    patch(what, &path, json!({"spec": {"template": {"spec": {"containers": [app]}}}}))
}

/// Another repository, however it is written.
pub(crate) fn forbidden() -> Vec<Request> {
    vec![
        image("run what another number has", "by-number", "[fd00::2]:5000/shop/web:1.0"),
        image("run another image of a number", "by-number", "[fd00::1]:5000/evil/miner:1.0"),
        image("run another port's image", "by-number", "[fd00::1]:5001/shop/web:1.0"),
        image("run another image for a branch", "of-a-branch", "registry.example:5000/evil:1.0"),
        image("run a registry's image for a branch", "of-nobody", "web:5000/login:1.0"),
    ]
}

/// Another tag of the same repository.
pub(crate) fn legal() -> Vec<Request> {
    vec![
        image("another tag where a number is", "by-number", "[fd00::1]:5000/shop/web:1.1"),
        image("a tag for a branch", "of-a-branch", "registry.example:5000/shop/web:1.1"),
        image("a tag for a branch without a registry", "of-nobody", "web:1.1"),
    ]
}

/// The names of the Deployments that these are about, each with its image.
pub(crate) fn images() -> impl Iterator<Item = (&'static str, Value)> {
    IMAGES.into_iter().map(|it| (it.0, it.1.into()))
}
