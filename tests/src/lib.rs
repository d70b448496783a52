//! Shared test tools: dialogues and transcripts.
