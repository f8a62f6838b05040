namespace Broker.Storage.Files;

/// <summary>Something that has files written by the log-writer thread: a topic's log, a channel's journal.</summary>
/// <remarks>None of the members may throw; failures are told to those who wait.</remarks>
internal abstract class WriterClient
{
    /// <summary>Whether it is in the writer's list; owned by <see cref="LogWriter"/>.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Whether it is in the writer's list of what may wait a moment; owned by <see cref="LogWriter"/>.</summary>
    public bool IsDelayed { get; set; }

    /// <summary>Writes what is waiting.</summary>
    public abstract void Write();

    /// <summary>Completes what was written, after fsync if the policy asks for one. Called after all of a group were written.</summary>
    public abstract void Commit();
}
