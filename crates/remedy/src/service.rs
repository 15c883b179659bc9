//! What a Service may be given: another label to ask for, or another port to lead to. The plans and the guard both
//! ask it.

mod port;
mod selector;

pub(crate) use self::port::{crossed_edits, is_port, is_sure, port_field};
pub(crate) use self::selector::{
    is_hardly_meant, is_ready, is_sure_label, leads_to_a_label, selector_edits, swap_edits,
};
