using Broker.Silo.Settings;

namespace Broker.Silo.Config;

/// <summary>A config file of nsqd: keys at the top of a TOML file.</summary>
public sealed class ConfigFile
{
    private ConfigFile(string path, IReadOnlyList<ConfigValue> values)
    {
        Path = path;
        Values = values;
    }

    /// <summary>Its path as the operator wrote it.</summary>
    public string Path { get; }

    /// <summary>Its values in the file's order. What stands in a [table] is not among them: nsqd has none.</summary>
    public IReadOnlyList<ConfigValue> Values { get; }

    /// <exception cref="SettingsException">The file cannot be read or is no such TOML; the message names the line.</exception>
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

    /// <exception cref="SettingsException">It is no such TOML; the message names the line.</exception>
    public static ConfigFile Parse(string path, string text) => new(path, new ConfigReader(path, text).ReadAll());
}
