//! The variable that a program reads a property from: `spring.datasource.url` from `SPRING_DATASOURCE_URL`, and
//! `advertised.listeners` from `KAFKA_ADVERTISED_LISTENERS`.

/// What the variables of programs begin with that leave it out of the names of their properties.
const PREFIXES: [&str; 4] = ["KAFKA", "KAFKACFG", "KC", "GF"];
/// Words that a property has at least, where what its variable begins with is not known.
const WORDS: usize = 2;
/// Words from which a name with one of them too many or too few is probably the same.
const LONG: usize = 3;
/// Characters of a text in which properties are looked for.
const MAX_TEXT: usize = 2000;

/// The words of a name, in capitals: `jdbc`, `url` of `jdbc-url`.
fn words(name: &str) -> Vec<String> {
    let parts = name.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    parts.map(str::to_ascii_uppercase).collect()
}

/// Whether a variable stands for a property with these words: some leave out what is between them.
fn stands_for(variable: &str, property: &[String]) -> bool {
    let joined = property.concat();
    let own = words(variable).concat();
    let is_rest = || PREFIXES.iter().any(|it| own.strip_prefix(it) == Some(joined.as_str()));
    let tail = || {
        let end = format!("_{}", property.join("_"));
        WORDS <= property.len() && variable.to_ascii_uppercase().ends_with(&end)
    };
    own == joined || is_rest() || tail()
}

/// The one of these variables that a property is read from.
pub(crate) fn variable_of<'n>(property: &str, names: &[&'n str]) -> Option<&'n str> {
    let wanted = words(property);
    let mut found = names.iter().filter(|it| !wanted.is_empty() && stands_for(it, &wanted));
    let only = found.next()?;
    found.next().is_none().then_some(*only)
}

/// The one that it is read from by a program that is known by how its variables begin.
pub(crate) fn prefixed<'n>(property: &str, names: &[&'n str]) -> Option<&'n str> {
    let joined = words(property).concat();
    let is_it = |name: &&&str| {
        let own = words(name).concat();
        let mut rests = PREFIXES.iter().filter_map(|it| own.strip_prefix(it));
        !joined.is_empty() && rests.any(|it| it == joined)
    };
    let mut found = names.iter().filter(is_it);
    let only = found.next()?;
    found.next().is_none().then_some(*only)
}

/// How such a program spells the variable: `KC_HOSTNAME` for `hostname`, where `KC_HOST_NAME` is set.
pub(crate) fn right_name(property: &str, variable: &str) -> Option<String> {
    let (begin, _) = variable.split_once('_')?;
    let is_prefix = PREFIXES.contains(&begin);
    let rest = words(property).join("_");
    // `KAFKA_CFG_` begins like `KAFKA_`, and is left as it is.
    let is_longer = variable.starts_with("KAFKA_CFG_");
    (is_prefix && !is_longer).then(|| format!("{begin}_{rest}"))
}

/// The one of these variables that has a word more or less than the one that a property is read from.
pub(crate) fn nearly_variable_of<'n>(property: &str, names: &[&'n str]) -> Option<&'n str> {
    let wanted = words(property);
    let is_near = |name: &&&str| {
        let own = words(name);
        let (long, short) =
            if own.len() < wanted.len() { (&wanted, &own) } else { (&own, &wanted) };
        let mut rest = long.iter();
        LONG <= short.len()
            && long.len() == short.len() + 1
            && short.iter().all(|word| rest.any(|it| it == word))
    };
    let mut found = names.iter().filter(is_near);
    let only = found.next()?;
    found.next().is_none().then_some(*only)
}

/// The words of a text that may be properties or variables, in order.
pub(crate) fn named(text: &str) -> impl Iterator<Item = &str> {
    let end = text.char_indices().nth(MAX_TEXT).map_or(text.len(), |it| it.0);
    let is_part = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
    let words = text.get(..end).unwrap_or_default().split(move |it| !is_part(it));
    words
        .map(|it| it.trim_matches(['.', '-', '_']))
        .filter(|it| it.starts_with(|it: char| it.is_ascii_alphabetic()) && 2 < it.len())
}

/// Whether a word is written as a property or a variable is, and not as any word of a sentence.
pub(crate) fn is_name(word: &str) -> bool {
    let is_large = |it: &str| it.starts_with(|it: char| it.is_ascii_uppercase());
    // A class stands in a package.
    let is_class = word.contains('.') && word.split('.').any(is_large);
    word.contains(['.', '-', '_']) && !is_class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_known_by_its_variable() {
        let names = [
            "SPRING_DATASOURCE_URL",
            "QUARKUS_DATASOURCE_JDBC_URL",
            "KAFKA_ADVERTISED_LISTENERS",
            "KC_DB_URL",
            "KC_HOSTNAME",
            "SPRING_JPA_HIBERNATE_DDLAUTO",
            "LOG_LEVEL",
        ];
        for (property, variable) in [
            ("spring.datasource.url", Some("SPRING_DATASOURCE_URL")),
            ("quarkus.datasource.jdbc.url", Some("QUARKUS_DATASOURCE_JDBC_URL")),
            ("advertised.listeners", Some("KAFKA_ADVERTISED_LISTENERS")),
            ("db-url", Some("KC_DB_URL")),
            ("hostname", Some("KC_HOSTNAME")),
            ("spring.jpa.hibernate.ddl-auto", Some("SPRING_JPA_HIBERNATE_DDLAUTO")),
            ("url", None),
            ("level", None),
            ("listeners", None),
            ("java.lang.String", None),
        ] {
            assert_eq!(variable_of(property, &names), variable, "{property}");
        }
    }

    #[test]
    fn a_word_too_many_or_too_few_is_nearly_the_same() {
        let names = ["QUARKUS_DATASOURCE_URL", "KAFKA_BROKERS", "A_B"];
        let near = |it| nearly_variable_of(it, &names);

        assert_eq!(near("quarkus.datasource.jdbc.url"), Some("QUARKUS_DATASOURCE_URL"));
        assert_eq!(near("quarkus.datasource.jdbc.pool.url"), None);
        assert_eq!(near("kafka.bootstrap.brokers"), None);
        assert_eq!(near("a.b.c"), None);
    }
}
