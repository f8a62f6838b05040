using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Broker.Silo.Settings;

namespace Broker.Silo.Config;

/// <summary>Reads the part of TOML that nsqd's config files use: strings, numbers, booleans, and arrays of those.</summary>
internal sealed partial class ConfigReader(string path, string text)
{
    private readonly Dictionary<string, int> _lines = [];
    private int _at;
    private int _line = 1;

    private char Current => _at < text.Length ? text[_at] : '\0';

    private bool AtEnd => _at >= text.Length;

    public IReadOnlyList<ConfigValue> ReadAll()
    {
        List<ConfigValue> values = [];
        string table = "";
        if (Current == '\uFEFF') _at++;
        while (true)
        {
            SkipBlank();
            if (AtEnd) return values;
            if (Current == '[')
            {
                table = ReadTableHeader();
            }
            else
            {
                ConfigValue value = ReadKeyAndValue(table);
                if (table.Length == 0) values.Add(value);
            }
            EndLine();
        }
    }

    private string ReadTableHeader()
    {
        int end = text.IndexOfAny([']', '\n'], _at);
        if (end < 0 || text[end] != ']') throw Error("the table's name lacks its closing ]");
        string header = text[(_at + 1)..end].Trim('[', ' ', '\t');
        if (header.Length == 0) throw Error("the table has no name");
        _at = end + 1;
        while (Current == ']') _at++;
        return header;
    }

    private ConfigValue ReadKeyAndValue(string table)
    {
        int line = _line;
        string key = ReadKey();
        if (!_lines.TryAdd($"{table}\n{key}", line))
            throw Error($"{key} is set before, in line {_lines[$"{table}\n{key}"]}; remove one of them");
        SkipSpaces();
        if (Current != '=') throw Error($"\"{key}\" is not followed by =; write key = value");
        _at++;
        SkipSpaces();
        IReadOnlyList<ConfigItem> items = Current == '[' ? ReadArray() : [ReadScalar()];
        return new ConfigValue(key, line, items);
    }

    private string ReadKey()
    {
        if (Current is '"' or '\'') return ReadString();
        int start = _at;
        while (char.IsAsciiLetterOrDigit(Current) || Current is '_' or '-' or '.') _at++;
        if (_at == start) throw Error($"{Shown(Current)} is no beginning of a key; write key = value");
        return text[start.._at];
    }

    private List<ConfigItem> ReadArray()
    {
        int line = _line;
        List<ConfigItem> items = [];
        _at++;
        while (true)
        {
            SkipBlank();
            if (AtEnd) throw ErrorAt(line, "the array lacks its closing ]");
            if (Current == ']') break;
            if (Current == '[') throw Error("arrays inside arrays are not supported");
            items.Add(ReadScalar());
            SkipBlank();
            if (Current == ',') _at++;
            else if (AtEnd) throw ErrorAt(line, "the array lacks its closing ]");
            else if (Current != ']') throw Error($"{Shown(Current)} in an array; items are separated by commas");
        }
        _at++;
        return items;
    }

    private ConfigItem ReadScalar()
    {
        if (Current is '"' or '\'') return new ConfigItem(ReadString(), IsInteger: false);
        int start = _at;
        while (!AtEnd && Current is not (',' or ']' or '#' or '\n' or '\r')) _at++;
        string bare = text[start.._at].TrimEnd(' ', '\t');
        if (bare.Length == 0) throw Error("a value is missing");
        if (bare is "true" or "false") return new ConfigItem(bare, IsInteger: false);
        if (Integer().IsMatch(bare)) return new ConfigItem(bare.Replace("_", ""), IsInteger: true);
        if (Float().IsMatch(bare)) return new ConfigItem(bare.Replace("_", ""), IsInteger: false);
        throw Error($"{bare} is no string, number, boolean or array; write strings in \"quotes\"");
    }

    private string ReadString()
    {
        char quote = Current;
        if (_at + 2 < text.Length && text[_at + 1] == quote && text[_at + 2] == quote)
            throw Error("strings over several lines are not supported");
        _at++;
        StringBuilder value = new();
        while (Current != quote)
        {
            if (AtEnd || Current is '\n' or '\r') throw Error($"the string lacks its closing {quote}");
            if (Current == '\\' && quote == '"') value.Append(ReadEscape());
            else value.Append(text[_at++]);
        }
        _at++;
        return value.ToString();
    }

    private string ReadEscape()
    {
        _at++;
        char escape = Current;
        _at++;
        return escape switch
        {
            'b' => "\b",
            't' => "\t",
            'n' => "\n",
            'f' => "\f",
            'r' => "\r",
            '"' => "\"",
            '\\' => "\\",
            'u' => ReadCodePoint(4),
            'U' => ReadCodePoint(8),
            _ => throw Error($"\\{escape} is no escape; write a backslash as \\\\ or the string in 'single quotes'"),
        };
    }

    private string ReadCodePoint(int digits)
    {
        if (_at + digits > text.Length
            || !int.TryParse(text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            || !Rune.IsValid(code))
        {
            throw Error($"\\{text[_at - 1]} needs {digits} hexadecimal digits of a character");
        }
        _at += digits;
        return new Rune(code).ToString();
    }

    private void SkipSpaces()
    {
        while (Current is ' ' or '\t') _at++;
    }

    private void SkipBlank()
    {
        while (!AtEnd)
        {
            if (Current == '#') SkipComment();
            else if (Current == '\n') NextLine();
            else if (Current is ' ' or '\t' or '\r') _at++;
            else return;
        }
    }

    private void EndLine()
    {
        SkipSpaces();
        if (Current == '#') SkipComment();
        if (Current == '\r') _at++;
        if (AtEnd) return;
        if (Current != '\n') throw Error($"{Shown(Current)} after the value; write one key to a line");
        NextLine();
    }

    private void SkipComment()
    {
        int end = text.IndexOf('\n', _at);
        _at = end < 0 ? text.Length : end;
    }

    private void NextLine()
    {
        _at++;
        _line++;
    }

    private SettingsException Error(string what) => ErrorAt(_line, what);

    private SettingsException ErrorAt(int line, string what) => new($"{path}:{line}: {what}");

    private static string Shown(char c) => c is '\n' or '\r' or '\0' ? "the end of the line" : $"\"{c}\"";

    [GeneratedRegex("^[+-]?(0|[1-9](_?[0-9])*|0x[0-9a-fA-F](_?[0-9a-fA-F])*|0o[0-7](_?[0-7])*|0b[01](_?[01])*)$")]
    private static partial Regex Integer();

    [GeneratedRegex(@"^[+-]?(0|[1-9](_?[0-9])*)(\.[0-9](_?[0-9])*)?([eE][+-]?[0-9](_?[0-9])*)?$")]
    private static partial Regex Float();
}
