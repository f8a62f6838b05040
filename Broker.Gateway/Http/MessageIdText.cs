using System.Globalization;
using Broker.Protocol;

namespace Broker.Gateway.Http;

/// <summary>Message ids in requests and replies: 16 hex digits, which may be capital ones in a request.</summary>
internal static class MessageIdText
{
    /// <summary>Reads an id; false for anything else.</summary>
    public static bool TryParse(string? text, out ulong id)
    {
        id = 0;
        return text is { Length: HexId.Length } && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out id);
    }

    /// <summary>Writes an id.</summary>
    public static string Format(ulong id) => id.ToString("x16", CultureInfo.InvariantCulture);
}
