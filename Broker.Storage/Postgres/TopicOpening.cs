namespace Broker.Storage.Postgres;

/// <summary>What the database says when a topic is opened for writing.</summary>
/// <param name="Epoch">The epoch that the opening has got.</param>
/// <param name="End">Where the log ends.</param>
/// <param name="Next">Where its first append goes.</param>
/// <param name="Total">What was ever appended.</param>
/// <param name="Trimmed">What of it is not kept any more.</param>
/// <param name="Publishers">Sequences by publisher.</param>
internal sealed record TopicOpening(long Epoch, long End, long Next, LogCount Total, LogCount Trimmed, Dictionary<long, SequenceWindow> Publishers);
