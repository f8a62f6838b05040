using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace Broker.Bench.Commands;

/// <summary>An option that is a number with a least value, and has one even when it is not given.</summary>
internal sealed class NumberOption<T> : Option<T>
    where T : struct, INumber<T>
{
    public NumberOption(string name, string description, T fallback, T least)
        : base(name)
    {
        Description = description;
        DefaultValueFactory = _ => fallback;
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (T.TryParse(text, CultureInfo.InvariantCulture, out T value) && value >= least && T.IsFinite(value))
                return value;
            result.AddError($"{name} must be a {(T.IsInteger(T.One / (T.One + T.One)) ? "whole number" : "number")} of at least {least}, not '{text}'");
            return fallback;
        };
    }
}
