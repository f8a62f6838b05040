using System.CommandLine;

namespace Broker.Bench.Commands;

/// <summary>An option that is a whole number with a least value.</summary>
internal sealed class CountOption : Option<int>
{
    public CountOption(string name, string description, int fallback, int least = 1, params string[] aliases)
        : base(name, aliases)
    {
        Description = description;
        DefaultValueFactory = _ => fallback;
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, out int value) && value >= least)
                return value;
            result.AddError($"{name} must be a whole number of at least {least}, not '{result.Tokens[0].Value}'");
            return fallback;
        };
    }
}
