using System.Globalization;
using System.Net;

namespace Broker.Admin;

/// <summary>IP addresses in CIDR notation. As in Go, the bits behind the prefix may be anything: <c>127.0.0.1/8</c>.</summary>
public sealed class AddressRange
{
    private readonly string _text;
    private readonly byte[] _address;
    private readonly int _prefix;

    private AddressRange(string text, byte[] address, int prefix)
    {
        _text = text;
        _address = address;
        _prefix = prefix;
    }

    /// <summary>Reads a range; an address by itself is a range of one.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static AddressRange Parse(string text)
    {
        string[] parts = text.Split('/');
        if (parts.Length > 2 || !IPAddress.TryParse(parts[0], out IPAddress? address))
            throw new FormatException($"\"{text}\" is no range of addresses; write it like 10.0.0.0/8 or 127.0.0.1");
        byte[] bytes = address.GetAddressBytes();
        int prefix = bytes.Length * 8;
        if (parts.Length == 2
            && (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out prefix) || prefix > bytes.Length * 8))
        {
            throw new FormatException($"\"{text}\" is no range of addresses: the prefix is no number from 0 to {bytes.Length * 8}");
        }
        return new AddressRange(text, bytes, prefix);
    }

    /// <summary>Whether the address is one of these. An IPv4 address that is written as IPv6 counts as itself.</summary>
    public bool Contains(IPAddress address)
    {
        byte[] bytes = (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).GetAddressBytes();
        if (bytes.Length != _address.Length)
            return false;
        for (int i = 0, left = _prefix; left > 0; i++, left -= 8)
        {
            int mask = left >= 8 ? 0xFF : 0xFF << (8 - left);
            if (((bytes[i] ^ _address[i]) & mask) != 0)
                return false;
        }
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => _text;
}
