//! Placeholder.
use super::Desk;
use crate::clock::Moment;
pub(super) fn reconcile(_desk: &mut Desk<'_>, _namespace: &str, _name: &str) -> Option<Moment> {
    None
}
