//! Server-sent events, as bytes come in: `id`, `event` and `data` lines, a blank line ends a message.

/// A longer message is not one of an agent's; nobody may fill our memory.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// One message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) data: String,
}

/// A message that is longer than the limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a message of more than {MAX_MESSAGE} bytes")]
pub(super) struct TooLong;

/// Turns bytes into messages, however they are cut.
#[derive(Debug, Default)]
pub(super) struct Parser {
    buffer: Vec<u8>,
    message: Message,
    has_data: bool,
}

impl Parser {
    /// The messages that these bytes complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Message>, TooLong> {
        let mut res = vec![];
        for byte in bytes {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.buffer);
                let line = String::from_utf8_lossy(&line);
                res.extend(self.line(line.trim_end_matches('\r')));
            } else {
                self.buffer.push(*byte);
            }
            if MAX_MESSAGE < self.buffer.len() + self.message.data.len() {
                return Err(TooLong);
            }
        }
        Ok(res)
    }

    fn line(&mut self, line: &str) -> Option<Message> {
        if line.is_empty() {
            // A message without data, such as the comment that keeps a connection open, is none.
            let complete = std::mem::take(&mut self.has_data);
            let message = std::mem::take(&mut self.message);
            return complete.then_some(message);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => value.clone_into(&mut self.message.id),
            "data" => {
                if self.has_data {
                    self.message.data.push('\n');
                }
                self.message.data.push_str(value);
                self.has_data = true;
            }
            // `event` repeats what the data says; comments have an empty name; `retry` is ours to decide.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = ": hello\n\nid: 7\nevent: incident\ndata: {\"a\":\ndata: 1}\n\n: beat\n\nid: 8\r\ndata: x\r\n\r\ndata: half";

    fn parsed(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut parser = Parser::default();
        let messages = pieces.iter().flat_map(|it| parser.push(it).unwrap());
        messages.map(|it| (it.id, it.data)).collect()
    }

    #[test]
    fn comments_and_halves_are_no_messages() {
        let expected =
            [("7", "{\"a\":\n1}"), ("8", "x")].map(|(a, b)| (a.to_owned(), b.to_owned()));

        assert_eq!(parsed(&[TEXT.as_bytes()]), expected);
    }

    #[test]
    fn a_message_without_end_does_not_fill_the_memory() {
        let mut parser = Parser::default();

        assert_eq!(parser.push(&vec![b'a'; MAX_MESSAGE + 1]), Err(TooLong));
    }

    proptest! {
        #[test]
        fn however_the_bytes_are_cut_the_messages_are_the_same(cut in 0..TEXT.len()) {
            let (a, b) = TEXT.as_bytes().split_at(cut);
            prop_assert_eq!(parsed(&[a, b]), parsed(&[TEXT.as_bytes()]));
        }

        #[test]
        fn no_bytes_make_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Parser::default().push(&bytes);
        }
    }
}
