using Broker.Serving.Http.Config;
using Broker.Silo.Flags;

namespace Broker.Silo.Logging;

/// <summary><c>log_level</c>, by which an operator sees more, or less, of a broker that runs.</summary>
/// <param name="levels">What is set.</param>
public sealed class LogLevelOption(LogLevelSwitch levels) : IWritableOption
{
    /// <inheritdoc/>
    public string Name => "log_level";

    /// <inheritdoc/>
    public OptionValue Value => OptionValue.Of(levels.Level);

    /// <inheritdoc/>
    public bool TryWrite(string text)
    {
        try
        {
            levels.Level = FlagType.LogLevel.Parse([text]);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
