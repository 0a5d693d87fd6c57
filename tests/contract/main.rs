//! The unified contract: that the models say what the published interface says, field by field, and that the
//! documents which are made of them say it too.

mod resources;
