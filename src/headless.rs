//! Results on standard output, with exit codes; the front end for pipes.
