using System.Net.Sockets;

namespace Broker.Bench.Sockets;

/// <summary>Waits until any of many sockets can be read or written. Belongs to one thread.</summary>
/// <remarks>
/// .NET's own asynchronous sockets do this behind a thread of their own and hand each completion over; for a generator
/// that must leave the processor to the server, one thread that waits and then acts costs about half.
/// </remarks>
public abstract class SocketPoller : IDisposable
{
    /// <summary>The cheapest one for this system.</summary>
    public static SocketPoller Create() => OperatingSystem.IsLinux() ? new EpollPoller() : new SelectPoller();

    /// <summary>Waits for a socket to become readable from now on; <paramref name="key"/> tells it in <see cref="Wait"/>.</summary>
    public abstract void Add(Socket socket, int key);

    /// <summary>Whether to wait for the socket to become writable, too.</summary>
    public abstract void WatchWritable(Socket socket, int key, bool watch);

    /// <summary>Waits until a socket is ready or the time is over, and returns how many of <paramref name="ready"/> are filled.</summary>
    /// <param name="ready">Receives the sockets that are ready.</param>
    /// <param name="timeout">Nanoseconds, not negative.</param>
    public abstract int Wait(Span<ReadySocket> ready, long timeout);

    public abstract void Dispose();
}
