using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Broker.Bench.Measuring;

namespace Broker.Bench.Sockets;

/// <summary>Waits with Linux's epoll, level triggered, so that one read per wake-up is enough.</summary>
internal sealed unsafe class EpollPoller : SocketPoller
{
    private const int Capacity = 256;

    // struct epoll_event is packed on x86 and only there.
    private static readonly int KeyOffset = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 4 : 8;
    private static readonly int EventSize = KeyOffset + sizeof(long);

    private readonly int _epoll = Checked(LinuxCalls.EpollCreate(LinuxCalls.CloseOnExec));
    private readonly byte* _events = (byte*)NativeMemory.Alloc((nuint)(Capacity * EventSize));

    public override void Add(Socket socket, int key) => Control(LinuxCalls.AddToEpoll, socket, key, LinuxCalls.EpollIn);

    public override void WatchWritable(Socket socket, int key, bool watch) =>
        Control(LinuxCalls.ChangeInEpoll, socket, key, watch ? LinuxCalls.EpollIn | LinuxCalls.EpollOut : LinuxCalls.EpollIn);

    public override int Wait(Span<ReadySocket> ready, long timeout)
    {
        int milliseconds = (int)(timeout / MonotonicClock.NanosecondsPerMillisecond);
        if (timeout % MonotonicClock.NanosecondsPerMillisecond != 0)
        {
            // epoll_wait cannot wait for less than a millisecond, but an epoll descriptor can itself be waited for.
            LinuxCalls.PollDescriptor descriptor = new() { Descriptor = _epoll, Events = LinuxCalls.PollIn };
            LinuxCalls.TimeSpec span = new()
            {
                Seconds = (nint)(timeout / MonotonicClock.NanosecondsPerSecond),
                Nanoseconds = (nint)(timeout % MonotonicClock.NanosecondsPerSecond),
            };
            if (LinuxCalls.Poll(&descriptor, 1, &span, null) <= 0)
                return 0;
            milliseconds = 0;
        }
        int count = LinuxCalls.EpollWait(_epoll, _events, Math.Min(Capacity, ready.Length), milliseconds);
        if (count < 0)
            return Marshal.GetLastPInvokeError() == LinuxCalls.Interrupted ? 0 : throw new Win32Exception();
        for (int i = 0; i < count; i++)
        {
            byte* entry = _events + i * EventSize;
            uint state = *(uint*)entry;
            // Errors and hang-ups come without having been asked for; reading is what tells them.
            ready[i] = new ReadySocket(
                (int)*(long*)(entry + KeyOffset),
                (state & ~LinuxCalls.EpollOut) != 0,
                (state & LinuxCalls.EpollOut) != 0);
        }
        return count;
    }

    public override void Dispose()
    {
        LinuxCalls.Close(_epoll);
        NativeMemory.Free(_events);
    }

    private void Control(int operation, Socket socket, int key, uint interest)
    {
        byte* entry = stackalloc byte[EventSize];
        *(uint*)entry = interest;
        *(long*)(entry + KeyOffset) = key;
        Checked(LinuxCalls.EpollControl(_epoll, operation, (int)socket.Handle, entry));
    }

    private static int Checked(int result) => result >= 0 ? result : throw new Win32Exception();
}
