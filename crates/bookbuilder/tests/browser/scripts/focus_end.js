// What Tab did not reach on its way around.
return hr_focus.filter(element => !hr_reached.has(element)).map(element => `Tab does not reach ${named(element)}`);
