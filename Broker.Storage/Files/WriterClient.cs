namespace Broker.Storage.Files;

/// <summary>Something that has files written by the log writer: a topic's log, a channel's journal.</summary>
/// <remarks>Failures are told to those who wait; whatever is thrown all the same ends in <see cref="Abort"/>.</remarks>
internal abstract class WriterClient
{
    /// <summary>Whether it is in the writer's list; owned by <see cref="LogWriter"/>.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Whether it is in the writer's list of what may wait a moment; owned by <see cref="LogWriter"/>.</summary>
    public bool IsDelayed { get; set; }

    /// <summary>Whether to write what is waiting is no more than a write into the page cache. Asked only while nobody else writes.</summary>
    public virtual bool IsQuick => false;

    /// <summary>Writes what is waiting.</summary>
    public abstract void Write();

    /// <summary>Completes what was written, after fsync if the policy asks for one. Called after all of a group were written.</summary>
    public abstract void Commit();

    /// <summary>Fails what is under way, for a cause that nobody foresaw. Must not throw.</summary>
    public abstract void Abort(Exception e);
}
