namespace Broker.Storage.Postgres;

/// <summary>What the database says when a channel's progress is opened for writing.</summary>
/// <param name="Epoch">The epoch that the opening has got.</param>
/// <param name="Sequence">The last row that was ever written to its journal.</param>
/// <param name="State">What was kept; null when there is nothing.</param>
/// <param name="JournalBytes">Bytes that the journal takes, about.</param>
/// <param name="SnapshotBytes">Bytes of the snapshot.</param>
internal sealed record ChannelOpening(long Epoch, long Sequence, ProgressState? State, long JournalBytes, long SnapshotBytes);
