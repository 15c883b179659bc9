//! Which images may be put.

use serde_json::{Value, json};
use types::{ContainerFacts, Evidence, FixPlan};

use super::{Opinion, Rules, need, text};

pub(super) fn image_opinion(
    edit: &Value,
    (plan, rules): (&FixPlan, &Rules),
    container: &ContainerFacts,
    evidence: &Evidence,
) -> Opinion {
    let wanted_tag = json!(plan.strategy)["parameters"]["new_tag"].as_str().unwrap().to_owned();
    let new = text(&edit["to"]);
    let repository = |it: &str| it.rsplit_once(':').map(|it| it.0.to_owned());
    need(edit["from"] == json!(container.image), "not what was seen")?;
    need(
        repository(new).is_some() && repository(new) == repository(&container.image),
        "repository",
    )?;
    need(new.ends_with(&format!(":{wanted_tag}")), "tag")?;
    let known = ran(new, evidence) || rules.lists("allowed_images", new);
    need(known || registry_has(&wanted_tag, container, evidence), "never seen")
}

/// Whether each image of the plan ran here, or the operator vouches for it.
pub(super) fn has_run(plan: &FixPlan, rules: &Rules, evidence: &Evidence) -> bool {
    let known = |image: &str| ran(image, evidence) || rules.lists("allowed_images", image);
    let steps = json!(plan.steps);
    let edits = steps.as_array().unwrap().iter().filter_map(|it| it["action"]["edit"].as_array());
    plan.strategy.name() != "replace_image_tag"
        || edits
            .flatten()
            .filter(|it| text(&it["path"]).ends_with("/image"))
            .all(|it| known(text(&it["to"])))
}

fn ran(image: &str, evidence: &Evidence) -> bool {
    let long = format!("docker.io/{image}");
    evidence.images.iter().any(|it| it.image == image || it.image == long)
}

/// Whether the registry lists it for this container, as what was meant, and no number differs from the wanted one.
fn registry_has(tag: &str, container: &ContainerFacts, evidence: &Evidence) -> bool {
    let listed = json!(evidence.registry_tags);
    let (repository, wanted) = container.image.rsplit_once(':').unwrap_or_default();
    let in_list = listed["tags"].as_array().is_some_and(|it| it.contains(&json!(tag)));
    let letters = |it: &str| it.replace(|it: char| it.is_ascii_digit(), "");
    in_list
        && listed["meant"] == tag
        && listed["repository"] == repository
        && listed["container"] == container.name.as_str()
        && tag != "latest"
        && wanted != tag
        && letters(wanted) != letters(tag)
}
