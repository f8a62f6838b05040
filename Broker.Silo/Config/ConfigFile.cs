using System.Globalization;
using Broker.Silo.Settings;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Broker.Silo.Config;

/// <summary>A config file of nsqd: keys at the top of a file in TOML.</summary>
public sealed class ConfigFile
{
    private ConfigFile(string path, IReadOnlyList<ConfigValue> values)
    {
        Path = path;
        Values = values;
    }

    /// <summary>Its path as the operator wrote it.</summary>
    public string Path { get; }

    /// <summary>Its values in the file's order. What stands in a [table] is not among them, as nsqd has none, but the table is.</summary>
    public IReadOnlyList<ConfigValue> Values { get; }

    /// <exception cref="SettingsException">The file cannot be read or is no TOML; the message names the line.</exception>
    public static ConfigFile Read(string path, string origin)
    {
        try
        {
            return Parse(path, File.ReadAllText(path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SettingsException($"{origin}: {path} does not exist");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException($"{origin}: {path} cannot be read: is it a file, and may this user read it?");
        }
    }

    /// <exception cref="SettingsException">It is no TOML; the message names the line.</exception>
    public static ConfigFile Parse(string path, string text)
    {
        DocumentSyntax document = SyntaxParser.Parse(text, path);
        foreach (DiagnosticMessage message in document.Diagnostics)
        {
            if (message.Kind == DiagnosticMessageKind.Error)
                throw new SettingsException($"{path}:{LineOf(message.Span)}: {message.Message}");
        }
        IEnumerable<ConfigValue> values = document.KeyValues.Select(pair => new ConfigValue(NameOf(pair.Key!), LineOf(pair.Key!.Span), ItemsOf(pair.Value)));
        IEnumerable<ConfigValue> tables = document.Tables.Select(table => new ConfigValue(NameOf(table.Name!), LineOf(table.Name!.Span), null));
        return new ConfigFile(path, [.. values, .. tables]);
    }

    private static int LineOf(SourceSpan span) => span.Start.Line + 1;

    private static string NameOf(KeySyntax key) =>
        key.Key is StringValueSyntax { Value: { } name } && key.DotKeys.ChildrenCount == 0 ? name : key.ToString().Trim();

    private static ConfigItem[]? ItemsOf(ValueSyntax? value)
    {
        ConfigItem?[] items = value is ArraySyntax array ? [.. array.Items.Select(item => ItemOf(item.Value))] : [ItemOf(value)];
        return items.Contains(null) ? null : [.. items.OfType<ConfigItem>()];
    }

    private static ConfigItem? ItemOf(ValueSyntax? value) => value switch
    {
        StringValueSyntax text => new ConfigItem(text.Value ?? "", IsInteger: false),
        IntegerValueSyntax number => new ConfigItem(number.Value.ToString(CultureInfo.InvariantCulture), IsInteger: true),
        FloatValueSyntax number => new ConfigItem(number.Value.ToString("R", CultureInfo.InvariantCulture), IsInteger: false),
        BooleanValueSyntax boolean => new ConfigItem(boolean.Value ? "true" : "false", IsInteger: false),
        _ => null,
    };
}
