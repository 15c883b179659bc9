//! The forms by which a line is told for what it is.

use std::sync::LazyLock;

use crate::patterns::pattern;
use regex::Regex;

/// Words that lack any detail are as short as this.
const FEW_WORDS: usize = 8;

/// A pattern that is compiled once.
macro_rules! form {
    ($name:ident, $($part:literal),+ $(,)?) => {
        static $name: LazyLock<Option<Regex>> =
            LazyLock::new(|| pattern(concat!($($part),+)));
    };
}

form!(
    TIME,
    r"^\s*(?:[IWEF]\d{4} \d\d:\d\d:\d\d\S*\s+\d+ \S+\] ",
    r"|\[?\d{4}[-/.]\d\d[-/.]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?(?:\]|\b)[\s:]*",
    r"|\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]?\s+)"
);
// Times, numbers of processes, levels, names in brackets: what stands before what is said.
form!(
    PREFIX,
    r"^(?:\s*(?:[IWEF]\d{4} \d\d:\d\d:\d\d\S*\s+\d+ \S+\]",
    r"|\[?\d{4}[-/.]\d\d[-/.]\d\d(?:[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?\]?",
    r"|\d\d:\d\d:\d\d(?:[.,]\d+)?|\d+:[A-Z] \d\d? \w{3} \d{4}|\[\s*[^\]]{1,100}\]|<[\d.]+>|\([\w -]{1,30}\)|---|[*#>|:-]",
    r"|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|FATAL|CRITICAL|SEVERE|PANIC|FTL|INF|WRN|DBG)\b[:!]?",
    r"|(?i:error|fatal|panic|warning|info)(?:\[\w*\])?:|npm (?:ERR!|error)|\d+\b))*\s*",
);
form!(LOGGER, r"^[\w.$/\[\]-]{2,60}\s*:(?: +|$)");
form!(ORIGIN, r"\s+\([\w.$]+\)\s*$");
form!(
    UPPER,
    r"(?:^|[\s.\]|)\[=])(?P<word>TRACE|TRC|DEBUG|DBG|VERBOSE|INFO|INF|NOTICE|WARN|WARNING|WRN|ERROR|ERR|FATAL|FTL|CRITICAL|CRIT|DPANIC|PANIC|EMERGENCY|EMERG|SEVERE)(?:[\s:\]/|!-]|$)",
);
form!(UPPER_AND_COLON, r"(?:^|\s)(?P<word>LOG|NOTE|ALERT|FAIL|CONFIG|FINE|DEBUG\d)(?::|\s*\|)");
form!(
    BRACKETS,
    r"(?i)[\[<(]\s*(?P<word>trace|debug|verbose|info|information|notice|note|system|log|warn|warning|error|err|fatal|critical|crit|panic|emerg|emergency|alert|severe|[tdiwef])\s*[\]>)]",
);
// Of Apache, whose modules stand before it.
form!(MODULE, r"\[[a-z_0-9]+:(?P<word>trace|debug|info|notice|warn|error|crit|alert|emerg)\d?\]");
form!(
    AT_FIRST,
    r"(?i)^(?:\W{0,4}\s*)(?:[\w./-]+: ){0,2}(?P<word>trace|debug|dbug|info|notice|warn|warning|error|err|fail|fatal|critical|crit|panic)(?:\[[^\]]{0,20}\])?(?: \w+)?:",
);
form!(WORD_AT_FIRST, r"^\W{0,4}\s*(?P<word>Error|ERROR|Fatal|FATAL|fatal|panic)\b");
form!(KLOG, r"^(?P<word>[IWEF])\d{4} \d\d:\d\d:\d\d");
form!(SIGN, r"^\d+:[A-Z] \d\d? \w{3} \d{4} [\d:.]+ (?P<word>[.*#-]) ");
form!(
    FOREIGN,
    r"(?i)(?:^|[\s\[【(])(?P<word>fehler|erreur|fout|fel|virhe|błąd|chyba|hiba|hata|erro|errore|fallo|ошибка|помилка|错误|錯誤|エラー|오류|致命的)\s*(?:[:：\]】)!]|$)",
);

// What a stack trace begins with, or says in between.
form!(
    HEADLINE,
    r"(?:^|\s|\|)(?:panic: |fatal error: |PHP Fatal error: |Fatal error: |Caused by: |Unhandled exception[.:]|---> |Uncaught |\[cause\]: )",
    r"|Exception in thread ",
    r"|thread '[^']*'(?: \(\d+\))? panicked at ",
    r"|^\s*(?:\S+ ){0,4}[\w.$/:]*[A-Z]\w*(?:Error|Exception|Exit|Failure)(?: \[[A-Z0-9_]+\])?: \S",
    r"|^\s*(?:[\w$]+\.)+[\w$]*(?:Error|Exception|Failure|Exit)$",
    r"|^\s*\[?(?:Error|Exception)(?: \[[A-Z0-9_]+\])?: \S",
    r"|^\s*(?:\w+::)*[A-Z]\w*(?:Error|Exception):\s*$",
    r"|^\S+:\d+:in .+ \((?:[A-Z]\w*(?:::)?)+\)$",
    r"|^\*\* \((?:[A-Z]\w*\.?)+\) ",
);
form!(INNER, r"^\s*(?:Caused by: \S|---> \S|\[cause\]: \S|Root cause: \S|.*: Caused by: \S)");
form!(PLACE, r"^\s*File .+, line \d+");
form!(GOES_ON, r"^\s*(?:During handling of the above|The above exception was the direct cause)");
form!(
    FRAME,
    r"^\s+(?:at|from|in|by) \S|^(?:at|from) \S+[(:]\S*",
    r"|^\s*goroutine \d+ \[|^\s*\S+\.go:\d+(?: \+0x[0-9a-f]+)?$|^[\w./*()\[\]-]*\.[\w.*()\[\]]+\(.*\)$|^created by |^\[signal ",
    r"|^[\s\d]*\.\.\. \d+ (?:more|common frames)|^\s*--- End of |^\s*#\d+ |^\s*thrown in |^Stack ?trace:|^Backtrace:",
    r"|^Node\.js v\d|^\s*\d+: 0x|^\s*File .+, line \d+|^\s*Traceback |^\s*During handling of|^\s*The above exception",
    r"|^----- .+ -----$|^note: (?:run with|some details)|^stack backtrace:|^exit status \d+$|^error Command failed with exit code",
    r"|^info Visit |^\s*\^+\s*$|^\s*throw |^<--- |^Emitted '|^\s+\([\w.~-]+ [\d.a-z-]*\) \S+:\d+:",
);
form!(
    FAREWELL,
    r"(?i)^(?:[\w' -]{0,30}\b)?(?:shutting down|shut ?down|closing|stopping|exiting|terminating|quitting|good ?bye|bye|abort(?:ing|ed)?|killed|terminated|stopped|closed|exited|exit|flush(?:ing|ed)|drain(?:ing|ed)|clean(?:ing|ed) up)\b(?:[ :][\w' ./-]{0,30})?(?: \([^)]*\))?(?:  .*)?[\s.!…]*$",
    r"|\bexit(?:ed|s|ing)? (?:with )?(?:non-?zero )?(?:code|status|error|reason)\b|^exit (?:status|code)|^exited?\b.{0,20}$|exited normally|did not exit normally|program will exit",
    r"|(?i:received|caught|got) (?:signal|SIG[A-Z]+)|^process \S+ (?:exited|completed)|command failed with|\(SystemExit\) exit$|core dumped|\*\*\* \[[^\]]*\] error \d+",
    r"|^lifecycle script\b|^errno:? -?\d+$|^code:? [\w-]+$|^syscall \w+$|^path \S+$|^command \S+ -c |^failed at the \S+ \S+ script|probably not a problem with|additional logging output",
);
form!(
    VAGUE,
    r"(?i)^(?:[\w'.-]+ ){0,5}(?:fail(?:ed|ure)|crashed)(?: to (?:start|load|boot|initiali[sz]e|run|launch|come up))?(?:[,;:] (?:abort|giv|exit|stopp|quitt|terminat|shutt)ing(?: up| down)?)?(?: \([^)]*\))?[\s.!]*$",
    // How often, and that it is enough.
    r"|^(?:too many|all|repeated|(?:reached |exceeded )?(?:the )?max(?:imum)?(?: number of)?) (?:\w+ ){0,2}(?:failures|errors|retries|attempts|tries|restarts)(?: (?:failed|exceeded|reached|exhausted))?(?:[,;:]? (?:abort|giv|exit|stopp|quitt|terminat|shutt)ing(?: up| down)?)?(?: \([^)]*\))?[\s.!]*$",
    r"|^(?:an? |the )?(?:unexpected |unknown |unrecoverable |unhandled |internal |fatal )*(?:error|exception|failure)(?: (?:has )?occurred| during (?:\w+ ){0,3}(?:startup|start|shutdown|boot|initiali[sz]ation)| in [\w ]+)?[.!:]*(?: prepare to shutdown| program will exit)?[.\s]*$",
    r"|^(?:could not|cannot|can't|unable to|failed to) (?:create|start|run|boot|launch|initiali[sz]e|continue|load|read|reach|connect|proceed|authenticate) (?:the |this )?(?:\(?[\w-]+\)? ){0,4}\(?[\w-]+\)?[.!\s]*$",
    r"|^(?:context )?deadline exceeded[.\s]*$|^(?:giving|gave) up(?: after .{0,30})?[.!\s]*$|^(?:start(?:up)?|boot) failed",
    r"|^(?:error )?(?:starting|running|creating|loading) \w+(?:\.(?: to display .*)?)?$",
);
form!(
    ADVICE,
    r"(?i)^\W*https?://\S+\W*$",
    r"|^(?:for (?:more|further|additional|full|complete|details?|help)\b|learn (?:more|about)\b|see (?:also\b|the\b|https?|your\b|docs\b|documentation|\S+ documentation|--help|[`'\x22])|try (?:running|using|setting|adding|to|again|--|[`'\x22])|run [`'\x22]|run with|use (?:[`'\x22]|--|-h\b)|did you mean|perhaps you|please\b|usage\b|examples?:|options:|flags:|commands:|available \w+:|a complete log|you (?:can|may)\b|to (?:see|install|fix|learn|get|disable|enable|update|resolve|suppress)\b|consider\b|either \w+ the\b|if you\b|visit\b|read more|more (?:info|details|about|help)|download\b|need more|check (?:the|your|that)\b|make sure|ensure\b|verify\b|identify\b|have you\b|ask for help|report (?:this|a bug))",
    r"|^(?:\S+: )?(?:hint|help|tip|advice|suggestion|solution|action|usage|resolution)s?: *",
    r"|(?i)\b(?:check|see) the logs? (?:at|in|for)\b|\btry '[^']*--help'|\bfor (?:more|further) (?:information|details)\b",
);
form!(
    COMPLAINT,
    r"(?i)\b(?:fail(?:s|ed|ure|ures|ing)?|error|errors|cannot|can't|can not|could ?n[o']t|unable|isn't|doesn't|didn't|don't|wasn't|aren't|n't|not (?:\w+ )?(?:found|set|defined|allowed|supported|available|permitted|exist|specified|configured|provided|given|recogni[sz]ed|valid|known|enough|running|writable|readable|empty|compatible|trusted|reachable|listed|licen[sc]ed)|does not|did not|do not|is not|are not|was not|were not|has no|have no|must|no such|no \w+ (?:\w+ )?(?:found|configured|available|specified|provided|given|left|set)|missing|mismatch(?:ed)?|invalid|illegal|malformed|corrupt(?:ed|ion)?|bad|unknown|unexpected|unrecogni[sz]ed|unsupported|incompatible|undefined|insufficient|required|expired|denied|refused|forbidden|unauthori[sz]ed|rejected|exceed(?:s|ed)|tim(?:ed|e)[ -]?out|too (?:low|many|large|old|new|small|long|short|big|few|high)|already (?:running|in use|exists?|taken|locked|being)|giv(?:ing|e) up|gave up|unreachable|exception|conflict|conflicts|duplicate|deadlock|locked|lost|broken|refusing|newer than|older than|never)\b",
    r"|失败|无法|拒绝|エラー|失敗",
);
form!(NO_COMPLAINT, r"(?i)\b(?:0|no|without) (?:error|failure|exception)s?\b");
form!(
    LIVED_THROUGH,
    r"(?i)\b(?:retrying|will (?:re)?try|try(?:ing)? again|continuing|going on|ignor(?:ed|ing)|skipp(?:ed|ing)|falling back|fall back|using defaults?|proceeding)\b",
);
form!(
    GOES_WITHOUT,
    r"(?i)\b(?:disabl(?:ed|ing)|(?:is|are|be|turned|switched|left) off|dropped|no-?op|optional|defaulting|unavailable|",
    r"not (?:be )?(?:reported|sent|exported|collected|recorded|published|traced|used)|go(?:es)? to the log|",
    r"(?:using|assuming|with) (?:the |an? )?(?:default|built-?in|in-memory|fallback|local)|",
    r"skipp(?:ed|ing)|ignor(?:ed|ing)|fall(?:s|ing)? back|without (?:it|them))\b",
);
form!(
    RECOVERY,
    r"(?i)\b(?:(?:re)?connected|listening|ready|serving|recovered|started|succeeded)\b"
);
form!(
    ANNOUNCES,
    r"(?i)(?:[:\[{(,]\s*$)|\w.*\*\*\*\s*$|\bthe following\b|\b\d+ (?:\w+ ){0,2}errors?\b[^=]*$"
);
form!(BELOW, r"^(?:\s+\S|[-*•>|→+=] ?\S|\d+\s*[|:)] |-> |>>> |\w+: (?:detail|reason): )");
form!(DETAIL, r"[:=\x22'`/\d(\[{<]|-\w|_");

fn fits(form: &LazyLock<Option<Regex>>, text: &str) -> bool {
    form.as_ref().is_some_and(|it| it.is_match(text))
}

fn after<'t>(form: &LazyLock<Option<Regex>>, text: &'t str) -> &'t str {
    let end = form.as_ref().and_then(|it| it.find(text)).map_or(0, |it| it.end());
    text.get(end..).unwrap_or(text)
}

/// The line without the time at its beginning.
pub(super) fn without_time(line: &str) -> &str {
    let rest = after(&TIME, line);
    if rest.trim().is_empty() { line } else { rest }
}

/// What is said, without what stands before and behind.
pub(super) fn body(text: &str) -> &str {
    let rest = after(&LOGGER, after(&PREFIX, text));
    if rest.trim().is_empty() {
        return boxed(text).unwrap_or_default();
    }
    let end = ORIGIN.as_ref().and_then(|it| it.find(rest)).map_or(rest.len(), |it| it.start());
    rest.get(..end).unwrap_or(rest).trim()
}

/// What stands between brackets that are around all of it: `[Error: no build]`.
fn boxed(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    (inner.contains(": ") && !inner.contains(['[', ']'])).then_some(inner)
}

/// The word for its level that stands first.
pub(super) fn level_word(head: &str) -> Option<&str> {
    let forms = [
        &UPPER,
        &UPPER_AND_COLON,
        &BRACKETS,
        &MODULE,
        &AT_FIRST,
        &WORD_AT_FIRST,
        &KLOG,
        &SIGN,
        &FOREIGN,
    ];
    let words = forms.into_iter().filter_map(|it| it.as_ref()?.captures(head)?.name("word"));
    words.min_by_key(regex::Match::start).map(|it| it.as_str())
}

/// Whether this is the word for an error in another tongue.
pub(super) fn is_foreign(word: &str) -> bool {
    fits(&FOREIGN, word)
}

pub(super) fn is_headline(text: &str) -> bool {
    fits(&HEADLINE, text)
}

pub(super) fn is_inner(line: &str) -> bool {
    fits(&INNER, line)
}

pub(super) fn goes_on(line: &str) -> bool {
    fits(&GOES_ON, line)
}

/// Whether the next line is the source that this one tells of.
pub(super) fn is_place(line: &str) -> bool {
    fits(&PLACE, line)
}

pub(super) fn is_frame(line: &str) -> bool {
    fits(&FRAME, line)
}

pub(super) fn is_farewell(body: &str) -> bool {
    fits(&FAREWELL, body)
}

pub(super) fn is_vague(body: &str) -> bool {
    fits(&VAGUE, body)
}

pub(super) fn is_advice(line: &str, body: &str) -> bool {
    [line, after(&PREFIX, line), body].into_iter().any(|it| fits(&ADVICE, it))
}

pub(super) fn complains(body: &str) -> bool {
    fits(&COMPLAINT, body) && !fits(&NO_COMPLAINT, body)
}

pub(super) fn is_lived_through(text: &str) -> bool {
    fits(&LIVED_THROUGH, text)
}

pub(super) fn goes_without(text: &str) -> bool {
    fits(&GOES_WITHOUT, text)
}

pub(super) fn is_recovery(text: &str) -> bool {
    fits(&RECOVERY, text)
}

pub(super) fn announces(text: &str) -> bool {
    fits(&ANNOUNCES, text)
}

pub(super) fn is_below(line: &str) -> bool {
    fits(&BELOW, line)
}

pub(super) fn lacks_detail(body: &str) -> bool {
    !fits(&DETAIL, body) && body.split_whitespace().take(FEW_WORDS + 2).count() <= FEW_WORDS + 1
}

#[test]
fn every_form_is_one() {
    let all = [
        &TIME,
        &PREFIX,
        &LOGGER,
        &ORIGIN,
        &UPPER,
        &UPPER_AND_COLON,
        &BRACKETS,
        &AT_FIRST,
        &WORD_AT_FIRST,
        &KLOG,
        &SIGN,
        &FOREIGN,
        &HEADLINE,
        &INNER,
        &PLACE,
        &GOES_ON,
        &FRAME,
        &FAREWELL,
        &VAGUE,
        &ADVICE,
        &COMPLAINT,
        &NO_COMPLAINT,
        &LIVED_THROUGH,
        &GOES_WITHOUT,
        &RECOVERY,
        &ANNOUNCES,
        &BELOW,
        &DETAIL,
    ];
    assert!(all.iter().all(|it| it.is_some()));
}
