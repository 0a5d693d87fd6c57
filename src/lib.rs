//! unicrm: a self-hosted gateway that gives one REST interface to every CRM.
