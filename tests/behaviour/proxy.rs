//! placeholder
use std::sync::Arc;
use unicrm::mapping::Provider;
use crate::suite::Suite;
pub fn add(_: &mut Suite, _: &Arc<Provider>) {}
