using System.Net;
using System.Net.Sockets;

namespace Broker.Admin;

/// <summary>Bounds how often passwords can be tried from one address: a few times in a row, then again after a while.</summary>
/// <param name="time">The clock.</param>
public sealed class LoginLimit(TimeProvider time)
{
    /// <summary>Wrong passwords in <see cref="Window"/> that an address may give.</summary>
    public const int Attempts = 5;

    // What an attacker with many addresses can make this remember.
    private const int AddressesAtMost = 10_000;

    private readonly Lock _sync = new();
    private readonly Dictionary<IPAddress, Failures> _failures = [];

    /// <summary>The time after which an address is given a new chance.</summary>
    public static TimeSpan Window { get; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether an address has tried too often.</summary>
    public bool IsExceeded(IPAddress? address)
    {
        lock (_sync)
            return Find(KeyOf(address)) is { Count: >= Attempts };
    }

    /// <summary>Counts a wrong password.</summary>
    public void Count(IPAddress? address)
    {
        IPAddress key = KeyOf(address);
        lock (_sync)
        {
            if (Find(key) is { } known)
            {
                known.Count++;
                return;
            }
            if (_failures.Count >= AddressesAtMost)
                _failures.Clear();
            _failures[key] = new Failures(time.GetTimestamp());
        }
    }

    /// <summary>Forgets the wrong ones before a right one.</summary>
    public void Forget(IPAddress? address)
    {
        lock (_sync)
            _failures.Remove(KeyOf(address));
    }

    // Whoever has one address of IPv6 has 2^64 of them.
    private static IPAddress KeyOf(IPAddress? address)
    {
        if (address is null)
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    private Failures? Find(IPAddress key)
    {
        if (!_failures.TryGetValue(key, out Failures? failures))
            return null;
        if (time.GetElapsedTime(failures.Since) < Window)
            return failures;
        _failures.Remove(key);
        return null;
    }

    private sealed class Failures(long since)
    {
        public long Since => since;

        public int Count { get; set; } = 1;
    }
}
