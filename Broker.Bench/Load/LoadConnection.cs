using Broker.Bench.Sockets;

namespace Broker.Bench.Load;

/// <summary>One connection's part in a run, driven by an <see cref="EventLoop"/>. No member waits.</summary>
public abstract class LoadConnection(ServerConnection connection) : IDisposable
{
    /// <summary>A moment that does not come.</summary>
    public const long Never = long.MaxValue;

    /// <summary>The connection, past its set-up.</summary>
    public ServerConnection Connection { get; } = connection;

    /// <summary>Whether something waits for room to be written.</summary>
    public abstract bool WantsToWrite { get; }

    /// <summary>When <see cref="Continue"/> is to be called even if nothing arrives.</summary>
    public virtual long DueAt => Never;

    /// <summary>Begins; called once.</summary>
    public abstract void Start();

    /// <summary>Something has arrived.</summary>
    public abstract void Read();

    /// <summary>There is room to write again, or it is time to.</summary>
    public abstract void Continue();

    public void Dispose() => Connection.Dispose();
}
