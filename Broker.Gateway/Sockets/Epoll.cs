using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Broker.Gateway.Sockets;

/// <summary>Linux' epoll, edge-triggered: a descriptor is told of when something comes or becomes possible, not while it is.</summary>
internal sealed unsafe partial class Epoll : IDisposable
{
    public const uint Readable = 0x1;
    public const uint Writable = 0x4;

    /// <summary>Nothing comes behind what is there.</summary>
    public const uint Ended = 0x2000;

    /// <summary>An error, or the end of both directions.</summary>
    public const uint Broken = 0x8 | 0x10;

    /// <summary>The number that <see cref="Wake"/> is told by.</summary>
    public const long WakeNumber = -1;

    private const uint EdgeTriggered = 1u << 31;
    private const int Add = 1;
    private const int Remove = 2;
    private const int CloseOnExec = 0x80000;
    private const int Interrupted = 4;
    private const int MaxEventBytes = 16;

    // struct epoll_event is packed on x86-64 alone.
    private static readonly int NumberAt = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventBytes = NumberAt + sizeof(long);

    private readonly SafeFileHandle _epoll = Take(Create(CloseOnExec));
    private readonly SafeFileHandle _wake = Take(EventDescriptor(1, CloseOnExec));

    /// <summary>Watches a descriptor, under a number.</summary>
    public void Watch(int descriptor, long number)
    {
        byte* interest = stackalloc byte[MaxEventBytes];
        *(uint*)interest = Readable | Writable | Ended | EdgeTriggered;
        *(long*)(interest + NumberAt) = number;
        Check(Control(_epoll, Add, descriptor, interest));
    }

    /// <summary>Watches it no more.</summary>
    public void Forget(int descriptor)
    {
        byte* unused = stackalloc byte[MaxEventBytes];
        try
        {
            _ = Control(_epoll, Remove, descriptor, unused);
        }
        catch (ObjectDisposedException)
        {
            // Nothing is watched any more.
        }
    }

    /// <summary>Waits for events, and adds them.</summary>
    /// <param name="told">Where to.</param>
    /// <param name="most">How many at most.</param>
    public void Wait(Queue<(long Number, uint Events)> told, int most)
    {
        byte* events = stackalloc byte[MaxEventBytes * most];
        int count;
        while ((count = Wait(_epoll, events, most, -1)) < 0 && Marshal.GetLastPInvokeError() == Interrupted)
        {
        }
        Check(count);
        for (byte* next = events; count > 0; count--, next += EventBytes)
            told.Enqueue((*(long*)(next + NumberAt), *(uint*)next));
    }

    /// <summary>Has whoever waits be told of <see cref="WakeNumber"/>.</summary>
    public void Wake() => Watch((int)_wake.DangerousGetHandle(), WakeNumber);

    public void Dispose()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }

    private static SafeFileHandle Take(int descriptor) => new(Check(descriptor), ownsHandle: true);

    private static int Check(int result) => result >= 0 ? result : throw new Win32Exception();

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle epoll, int operation, int descriptor, byte* interest);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int Wait(SafeFileHandle epoll, byte* events, int capacity, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventDescriptor(uint initial, int flags);
}
