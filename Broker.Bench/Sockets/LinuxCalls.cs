using System.Runtime.InteropServices;
using Broker.Bench.Measuring;

namespace Broker.Bench.Sockets;

/// <summary>The system calls that .NET has no door to.</summary>
internal static unsafe partial class LinuxCalls
{
    public const int AddToEpoll = 1;
    public const int ChangeInEpoll = 3;
    public const uint EpollIn = 0x1;
    public const uint EpollOut = 0x4;
    public const int CloseOnExec = 0x80000;
    public const short PollIn = 0x1;
    public const int Interrupted = 4;
    private const int SetTimerSlackOption = 29;

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(int epoll, int operation, int descriptor, void* interest);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, void* events, int capacity, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "ppoll", SetLastError = true)]
    public static partial int Poll(PollDescriptor* descriptors, nuint count, TimeSpec* timeout, void* signals);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    /// <summary>Lets waits of this thread end within a microsecond of their time, rather than the usual 50.</summary>
    public static void SharpenTimers() => Control(SetTimerSlackOption, 1, 0, 0, 0);

    /// <summary>Sends a signal to a process; nothing happens if it has ended.</summary>
    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int Signal(int process, int signal);

    /// <summary>Holds this thread up for nanoseconds, where .NET knows whole milliseconds only; not at all for less than 1.</summary>
    public static void Sleep(long nanoseconds)
    {
        if (nanoseconds <= 0)
            return;
        TimeSpec time = new()
        {
            Seconds = (nint)(nanoseconds / MonotonicClock.NanosecondsPerSecond),
            Nanoseconds = (nint)(nanoseconds % MonotonicClock.NanosecondsPerSecond),
        };
        _ = Poll(null, 0, &time, null);
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    [StructLayout(LayoutKind.Sequential)]
    public struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
