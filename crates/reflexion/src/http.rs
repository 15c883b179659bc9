//! The routes, and where errors become problem bodies.
