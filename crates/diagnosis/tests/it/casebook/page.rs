//! A page: prose, and between the prose objects with what is said and offered about them.

/// What a block of objects begins with, and every block ends with.
const OBJECTS: &str = "```yaml objects\n";
const DIAGNOSIS: &str = "```text diagnosis\n";
const PLANS: &str = "```text plans\n";
const END: &str = "\n```\n";

/// A part of a page.
enum Part {
    Prose(String),
    Objects(String),
    /// What the page says now.
    Diagnosis(String),
    Plans,
}

/// The last paragraph above a block of objects, on one line, and what the page says of the block.
pub(super) struct Block {
    pub(super) prose: String,
    pub(super) told: String,
}

/// A page, part by part.
pub(super) struct Page(Vec<Part>);

impl Page {
    /// The parts of this text.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut parts = vec![];
        let mut rest = text;
        while let Some((at, begin)) = next_block(rest) {
            let (prose, block) = rest.split_at(at);
            let block = block.strip_prefix(begin).unwrap_or_default();
            // An empty block has its end right at its beginning.
            let (block, after) = match block.strip_prefix("```\n") {
                Some(after) => ("", after),
                None => block.split_once(END).ok_or("a block without an end")?,
            };
            parts.push(Part::Prose(prose.to_owned()));
            parts.push(match begin {
                OBJECTS => Part::Objects(block.to_owned()),
                DIAGNOSIS => Part::Diagnosis(block.to_owned()),
                _ => Part::Plans,
            });
            rest = after;
        }
        parts.push(Part::Prose(rest.to_owned()));
        let page = Self(parts);
        page.check().map(|()| page)
    }

    /// Each block of objects is followed by one diagnosis and one block of plans.
    fn check(&self) -> Result<(), String> {
        let blocks: String = self.0.iter().filter_map(letter).collect();
        let well_formed = !blocks.is_empty() && blocks.replace("odp", "").is_empty();
        well_formed.then_some(()).ok_or_else(|| format!("blocks stand as {blocks}, not as odp"))
    }

    /// The blocks of objects.
    pub(super) fn objects(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|it| match it {
            Part::Objects(text) => Some(text.as_str()),
            Part::Prose(_) | Part::Diagnosis(_) | Part::Plans => None,
        })
    }

    /// The blocks of objects with the prose above them.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks = vec![];
        let mut prose = String::new();
        for part in &self.0 {
            match part {
                Part::Prose(text) if !text.trim().is_empty() => prose = last_paragraph(text),
                Part::Diagnosis(told) => {
                    let prose = std::mem::take(&mut prose);
                    blocks.push(Block { prose, told: told.clone() });
                }
                Part::Prose(_) | Part::Objects(_) | Part::Plans => {}
            }
        }
        blocks
    }

    /// The page with what `tell` says about its objects: the diagnosis and the plans.
    pub(super) fn retold(&self, tell: impl Fn(&str) -> (String, String)) -> String {
        let mut text = String::new();
        let mut told = (String::new(), String::new());
        for part in &self.0 {
            let (begin, block) = match part {
                Part::Prose(prose) => {
                    text.push_str(prose);
                    continue;
                }
                Part::Objects(objects) => {
                    told = tell(objects);
                    (OBJECTS, objects)
                }
                Part::Diagnosis(_) => (DIAGNOSIS, &told.0),
                Part::Plans => (PLANS, &told.1),
            };
            text.push_str(begin);
            text.push_str(block);
            text.push_str(END);
        }
        text
    }
}

/// The last paragraph, on one line.
fn last_paragraph(text: &str) -> String {
    let last = text.trim().rsplit("\n\n").next().unwrap_or_default();
    last.lines().collect::<Vec<_>>().join(" ")
}

fn next_block(text: &str) -> Option<(usize, &'static str)> {
    [OBJECTS, DIAGNOSIS, PLANS].into_iter().filter_map(|it| Some((text.find(it)?, it))).min()
}

fn letter(part: &Part) -> Option<char> {
    match part {
        Part::Prose(_) => None,
        Part::Objects(_) => Some('o'),
        Part::Diagnosis(_) => Some('d'),
        Part::Plans => Some('p'),
    }
}

#[test]
fn a_page_is_retold_in_its_own_words() {
    let page = "# T\n\n```yaml objects\na: 1\n```\n\nSo:\n\n```text diagnosis\nold\n```\n\n```text plans\n```\nend";

    let told = Page::read(page).unwrap().retold(|it| (format!("d {it}"), "p".to_owned()));

    assert_eq!(
        told,
        "# T\n\n```yaml objects\na: 1\n```\n\nSo:\n\n```text diagnosis\nd a: 1\n```\n\n```text plans\np\n```\nend"
    );
}

#[test]
fn a_page_without_a_case_is_refused() {
    assert!(Page::read("# T\n").is_err());
    assert!(Page::read("```yaml objects\na: 1\n```\n").is_err());
}
