using System.Globalization;
using Broker.Admin;
using Broker.Protocol;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Broker.Storage.Postgres;
using Microsoft.Extensions.Logging;

namespace Broker.Silo.Flags;

/// <summary>The types that flags have.</summary>
public static class FlagType
{
    private static readonly string[] LogLevelNames = ["debug", "info", "warn", "error", "fatal"];

    public static readonly FlagType<string> Text = Last("text", text => text);

    /// <summary>A text that must not be empty.</summary>
    public static readonly FlagType<string> Name = Last("name", text => text.Length > 0 ? text : throw new FormatException("must not be empty"));

    public static readonly FlagType<string> Path = Last("path", text => text);

    public static readonly FlagType<bool> Boolean = new("true|false", texts => ParseBoolean(texts[^1])) { IsSwitch = true };

    public static readonly FlagType<TimeSpan> Duration = DurationFrom(TimeSpan.FromTicks(1), "must be greater than 0");

    public static readonly FlagType<TimeSpan> DurationOrZero = DurationFrom(TimeSpan.Zero, "must not be negative");

    public static readonly FlagType<string> Address = Last("host:port|path", ParseAddress);

    public static readonly FlagType<string> AddressOrNone =
        Last("host:port|path", text => text.Length == 0 ? text : ParseAddress(text));

    /// <summary>A directory that must be there.</summary>
    public static readonly FlagType<string> Directory = Last("path", DataFolder.Check);

    /// <summary>A directory that is created at the start.</summary>
    public static readonly FlagType<string> NewDirectory = Last("path", DataFolder.CheckNew);

    public static readonly FlagType<IReadOnlyList<string>> List = new("text,...", Split) { IsList = true };

    public static readonly FlagType<IReadOnlyList<double>> Percentiles =
        new("number,...", texts => [.. Split(texts).Select(ParsePercentile)]) { IsList = true };

    /// <summary>host:port of services, host names included.</summary>
    public static readonly FlagType<IReadOnlyList<string>> Authorities =
        new("host:port,...", texts => [.. Split(texts).Select(ParseAuthority)]) { IsList = true };

    /// <summary>Addresses in CIDR notation.</summary>
    public static readonly FlagType<string> AddressRangeOrNone = Last("cidr", text => text.Length == 0 ? text : AddressRange.Parse(text).ToString());

    public static readonly FlagType<IReadOnlyList<string>> AddressRanges =
        new("cidr,...", texts => [.. Split(texts).Select(text => AddressRange.Parse(text).ToString())]) { IsList = true };

    /// <summary>Host names as browsers name them, without ports; or <c>*</c>.</summary>
    public static readonly FlagType<IReadOnlyList<string>> Hosts = new("host,...", texts => [.. Split(texts).Select(ParseHost)]) { IsList = true };

    /// <summary>Where pages come from, as browsers name it; or <c>*</c>.</summary>
    public static readonly FlagType<IReadOnlyList<string>> Origins = new("origin,...", texts => [.. Split(texts).Select(ParseOrigin)]) { IsList = true };

    public static readonly FlagType<string> UrlOrNone = Last("url", ParseUrl);

    /// <summary>A URL; what has no scheme is reached by HTTP.</summary>
    public static readonly FlagType<string> UrlOrHost =
        Last("url", text => ParseUrl(text.Length == 0 || text.Contains("://", StringComparison.Ordinal) ? text : $"http://{text}"));

    public static readonly FlagType<double> Ratio = Last("number", ParseRatio);

    public static readonly FlagType<LogLevel> LogLevel = Last(string.Join('|', LogLevelNames), ParseLogLevel);

    public static readonly FlagType<string> PostgresConnection = Last("text", text =>
    {
        if (text.Length > 0) _ = PostgresAddress.Parse(text);
        return text;
    });

    public static readonly FlagType<string> PostgresSchema = Last("name", ParseSchema);

    /// <summary>A boolean with a third way: TLS everywhere but on the HTTP port.</summary>
    public static readonly FlagType<string> TlsRequired =
        new("true|false|tcp-https", texts => ParseTlsRequired(texts[^1])) { IsSwitch = true };

    public static FlagType<int> Integer(int min, int max = int.MaxValue) =>
        Last("number", text => (int)ParseInteger(text, min, max));

    /// <summary>A number; nothing leaves the choice open.</summary>
    public static FlagType<int?> IntegerOrNone(int min, int max) =>
        Last<int?>("number", text => text.Length == 0 ? null : (int)ParseInteger(text, min, max));

    public static FlagType<long> LongInteger(long min) => Last("number", text => ParseInteger(text, min, long.MaxValue));

    /// <summary>One of a few words, in any case; an empty one leaves the choice open.</summary>
    public static FlagType<string> OneOf(params string[] words) => Last(string.Join('|', words.Where(word => word.Length > 0)), text =>
        words.FirstOrDefault(word => word.Equals(text, StringComparison.OrdinalIgnoreCase))
            ?? throw new FormatException($"\"{text}\" is not one of {string.Join(", ", words.Where(word => word.Length > 0))}"));

    // Go's flag package lets the last of several win.
    private static FlagType<T> Last<T>(string label, Func<string, T> parse) => new(label, texts => parse(texts[^1]));

    private static FlagType<TimeSpan> DurationFrom(TimeSpan min, string complaint) => new("duration", texts =>
    {
        string text = texts[^1];
        if (!GoDuration.TryParse(text, out TimeSpan value))
            throw new FormatException($"\"{text}\" is not a duration; write it like 250ms, 2s, 1m30s or 1.5h");
        if (value < min) throw new FormatException($"{text} {complaint}");
        return value;
    })
    {
        IntegerUnit = "ms",
    };

    private static List<string> Split(IReadOnlyList<string> texts) =>
        [.. texts.SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];

    private static bool ParseBoolean(string text) =>
        GoBoolean.TryParse(text, out bool value) ? value : throw new FormatException($"\"{text}\" is not a boolean; write true or false");

    private static long ParseInteger(string text, long min, long max)
    {
        if (!GoInteger.TryParse(text, out long value)) throw new FormatException($"\"{text}\" is not a whole number");
        if (value < min && max is int.MaxValue or long.MaxValue) throw new FormatException($"{value} is less than {min}");
        if (value < min || value > max) throw new FormatException($"{value} is not between {min} and {max}");
        return value;
    }

    private static double ParsePercentile(string text)
    {
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !(value > 0 && value <= 1))
            throw new FormatException($"\"{text}\" is not a percentile; write a number above 0 and up to 1, like 0.99");
        return value;
    }

    private static string ParseAuthority(string text) =>
        Uri.TryCreate($"http://{text}", UriKind.Absolute, out Uri? url) && url.Authority.Length > 0 && url.PathAndQuery == "/"
            && text.Contains(':') && !text.EndsWith('/')
                ? text
                : throw new FormatException($"\"{text}\" is not an address; write it like 127.0.0.1:4151");

    private static string ParseHost(string text) =>
        text == "*" || Uri.CheckHostName(text) != UriHostNameType.Unknown
            ? text
            : throw new FormatException($"\"{text}\" is not a host; write its name without a port, like queues.example");

    private static string ParseOrigin(string text) =>
        text == "*" || (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.PathAndQuery == "/" && url.Host.Length > 0 && !text.EndsWith('/'))
            ? text
            : throw new FormatException($"\"{text}\" is not an origin; write it like https://queues.example:8443");

    private static string ParseUrl(string text) =>
        text.Length == 0 || (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https")
            ? text
            : throw new FormatException($"\"{text}\" is not a URL; write it like http://127.0.0.1:4318");

    private static double ParseRatio(string text)
    {
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || !(value >= 0 && value <= 1))
            throw new FormatException($"\"{text}\" is not a fraction; write a number from 0 to 1, like 0.01");
        return value;
    }

    private static string ParseAddress(string text)
    {
        _ = ListenAddress.Parse(text);
        return text;
    }

    // PostgreSQL takes more, but then every tool has to quote it.
    private static string ParseSchema(string text) =>
        text.Length is > 0 and < 64 && !char.IsAsciiDigit(text[0]) && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')
            ? text
            : throw new FormatException($"\"{text}\" is not a valid schema name; use at most 63 lower-case letters, digits and underscores");

    private static LogLevel ParseLogLevel(string text) => text.ToLowerInvariant() switch
    {
        "debug" => Microsoft.Extensions.Logging.LogLevel.Debug,
        "info" => Microsoft.Extensions.Logging.LogLevel.Information,
        "warn" => Microsoft.Extensions.Logging.LogLevel.Warning,
        "error" => Microsoft.Extensions.Logging.LogLevel.Error,
        "fatal" => Microsoft.Extensions.Logging.LogLevel.Critical,
        _ => throw new FormatException($"\"{text}\" is not one of {string.Join(", ", LogLevelNames)}"),
    };

    private static string ParseTlsRequired(string text)
    {
        string lower = text.ToLowerInvariant();
        if (lower is "tcp-https") return lower;
        if (GoBoolean.TryParse(lower, out bool required)) return required ? "true" : "false";
        throw new FormatException($"\"{text}\" is not one of true, false, tcp-https");
    }
}
